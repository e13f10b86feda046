#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mds {

/// Numbers series 0, 1, 2 ... as they come, so that what is kept of each stands in an array. A name is stored once and packed, some
/// 25 bytes in all; none is ever taken out. The second part of a name is a provider, or whatever else many series share. One
/// thread.
class SeriesNumbers {
public:
    using Number = std::uint32_t;

    std::optional<Number> find(std::string_view symbol, std::string_view provider) const noexcept;
    /// The number it has, or the next one: then size() has grown.
    Number add(std::string_view symbol, std::string_view provider);
    /// Valid until the next add().
    std::string_view symbol(Number number) const noexcept;
    std::size_t size() const noexcept { return names_.size(); }

private:
    struct Name {
        std::uint32_t begin;  ///< in text_
        std::uint32_t size : 8;
        std::uint32_t provider : 24;  ///< in providers_
    };
    static constexpr Number none = ~Number{0};

    Number& free_slot(std::size_t hash) noexcept;
    bool is(Number number, std::string_view text, std::string_view provider) const noexcept;
    void grow();

    std::vector<Number> slots_;  ///< a power of two of them, open addressing, at most three quarters taken
    std::vector<Name> names_;
    std::string text_;
    std::vector<std::string> providers_;
    std::map<std::string, std::uint32_t, std::less<>> provider_numbers_;
};

}  // namespace mds
