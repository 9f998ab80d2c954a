// The nearest known word, for messages about a mistyped one.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace dunlin {

// The candidate within an edit distance of a third of the word's length (at least 1), or empty. Two
// neighbours swapped count as one edit: it is the commonest slip.
std::string Nearest(std::string_view word, const std::vector<std::string>& candidates);

// The same, up to `count` of them: the nearest first, equally near ones in their order.
std::vector<std::string> NearestFew(std::string_view word,
                                    const std::vector<std::string>& candidates, size_t count);

// ", did you mean \"x\"?", or ", did you mean \"x\", \"y\" or \"z\"?" (`count` at most), or
// nothing.
std::string DidYouMean(std::string_view word, const std::vector<std::string>& candidates,
                       size_t count = 1);

}  // namespace dunlin
