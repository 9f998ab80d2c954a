#include "protocol/base/nearest.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>

namespace dunlin {
namespace {

// Letters inserted, left out, replaced, or swapped with their neighbour.
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1);  // two rows up
  std::vector<size_t> above(b.size() + 1);
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    before.swap(above);
    above.swap(row);
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

}  // namespace

std::vector<std::string> NearestFew(std::string_view word,
                                    const std::vector<std::string>& candidates, size_t count) {
  // A longer word is no name of ours, and the distance costs the product of both lengths.
  word = word.substr(0, 64);
  const size_t farthest = std::max<size_t>(1, word.size() / 3);
  std::vector<std::pair<size_t, size_t>> near;  // distance, place
  for (size_t i = 0; i < candidates.size(); ++i) {
    const size_t distance = EditDistance(word, candidates[i]);
    if (distance <= farthest) near.emplace_back(distance, i);
  }
  std::sort(near.begin(), near.end());
  std::vector<std::string> out;
  for (const auto& [distance, place] : near) {
    if (out.size() == count) break;
    out.push_back(candidates[place]);
  }
  return out;
}

std::string Nearest(std::string_view word, const std::vector<std::string>& candidates) {
  std::vector<std::string> near = NearestFew(word, candidates, 1);
  return near.empty() ? std::string() : std::move(near.front());
}

std::string DidYouMean(std::string_view word, const std::vector<std::string>& candidates,
                       size_t count) {
  const std::vector<std::string> near = NearestFew(word, candidates, count);
  std::string out;
  for (size_t i = 0; i < near.size(); ++i) {
    if (i > 0) out += i + 1 == near.size() ? " or " : ", ";
    out += "\"" + near[i] + "\"";
  }
  return out.empty() ? out : ", did you mean " + out + "?";
}

}  // namespace dunlin
