#include <mds/domain/series_numbers.hpp>

#include <functional>
#include <utility>

namespace mds {
namespace {

std::size_t hash_of(std::string_view symbol, std::string_view provider) noexcept {
    std::hash<std::string_view> const hash;
    std::uint64_t const both = hash(symbol) * 31 + hash(provider);
    return static_cast<std::size_t>(both ^ (both >> 32));
}

}  // namespace

std::optional<SeriesNumbers::Number> SeriesNumbers::find(std::string_view symbol, std::string_view provider) const noexcept {
    if (slots_.empty()) return std::nullopt;
    std::size_t const mask = slots_.size() - 1;
    for (std::size_t at = hash_of(symbol, provider) & mask;; at = (at + 1) & mask) {
        if (slots_[at] == none) return std::nullopt;
        if (is(slots_[at], symbol, provider)) return slots_[at];
    }
}

SeriesNumbers::Number SeriesNumbers::add(std::string_view symbol, std::string_view provider) {
    if (auto const known = find(symbol, provider)) return *known;
    if ((names_.size() + 1) * 4 > slots_.size() * 3) grow();
    auto const next = static_cast<std::uint32_t>(providers_.size());
    auto number = provider_numbers_.find(provider);
    if (number == provider_numbers_.end()) {
        number = provider_numbers_.emplace(provider, next).first;
        providers_.emplace_back(provider);
    }
    Name name;
    name.begin = static_cast<std::uint32_t>(text_.size());
    name.size = static_cast<std::uint8_t>(symbol.size());
    name.provider = number->second & 0xff'ffffU;
    text_ += symbol;
    names_.push_back(name);
    auto const made = static_cast<Number>(names_.size() - 1);
    free_slot(hash_of(symbol, provider)) = made;
    return made;
}

std::string_view SeriesNumbers::symbol(Number number) const noexcept {
    Name const& name = names_[number];
    return std::string_view(text_).substr(name.begin, name.size);
}

bool SeriesNumbers::is(Number number, std::string_view text, std::string_view provider) const noexcept {
    return symbol(number) == text && providers_[names_[number].provider] == provider;
}

/// The first on the way of a name that is not there.
SeriesNumbers::Number& SeriesNumbers::free_slot(std::size_t hash) noexcept {
    std::size_t const mask = slots_.size() - 1;
    std::size_t at = hash & mask;
    while (slots_[at] != none) at = (at + 1) & mask;
    return slots_[at];
}

void SeriesNumbers::grow() {
    constexpr std::size_t smallest = 16;
    std::vector<Number>(slots_.empty() ? smallest : slots_.size() * 2, none).swap(slots_);
    for (Number number = 0; number < names_.size(); ++number)
        free_slot(hash_of(symbol(number), providers_[names_[number].provider])) = number;
}

}  // namespace mds
