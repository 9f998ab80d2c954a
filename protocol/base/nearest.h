// The nearest known word, for messages about a mistyped one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dunlin {

// The candidate within an edit distance of a third of the word's length (at least 1), or empty. Two
// neighbours swapped count as one edit: it is the commonest slip.
std::string Nearest(std::string_view word, const std::vector<std::string>& candidates);

// ", did you mean \"x\"?" or nothing.
std::string DidYouMean(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace dunlin
