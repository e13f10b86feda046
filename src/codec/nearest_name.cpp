#include <codec/nearest_name.hpp>

#include <algorithm>
#include <vector>

namespace mds::codec {

namespace {

/// Optimal string alignment distance.
std::size_t edits(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) above[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            std::size_t const change = a[i - 1] == b[j - 1] ? 0 : 1;
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + change});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
        }
        before.swap(above);
        above.swap(row);
    }
    return above[b.size()];
}

}  // namespace

std::string_view nearest_name(std::string_view wrong, std::span<std::string const> names) {
    constexpr std::size_t longest = 64;  // longer ones are no slip of the finger, and cost the square of their size
    if (wrong.size() > longest) return {};
    std::string_view best;
    std::size_t fewest = std::max<std::size_t>(1, wrong.size() / 3) + 1;
    for (std::string_view const name : names) {
        if (name.size() > longest) continue;
        auto const n = edits(wrong, name);
        if (n < fewest) {
            fewest = n;
            best = name;
        }
    }
    return best;
}

}  // namespace mds::codec
