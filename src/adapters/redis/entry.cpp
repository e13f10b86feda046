#include "adapters/redis/entry.hpp"

#include <array>
#include <charconv>

namespace mds::redis {
namespace {

constexpr std::string_view version = "1";

std::optional<std::int64_t> number(std::string_view text) {
    std::int64_t value = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::optional<UtcTime> time(std::string_view text) {
    auto const micros = number(text);
    if (!micros) return std::nullopt;
    return UtcTime(std::chrono::microseconds(*micros));
}

std::int64_t micros(UtcTime when) {
    return when.time_since_epoch().count();
}

}  // namespace

std::string key_of(std::string_view prefix, Series const& series) {
    std::string key(prefix);
    key += ":latest:";
    key += series.provider;
    key += ':';
    key += series.symbol.str();
    return key;
}

std::string to_text(PricePoint const& point, std::int64_t epoch) {
    std::string text(version);
    auto const add = [&text](std::string_view word) { text.append(1, ' ').append(word); };
    add(std::to_string(epoch));
    add(std::to_string(point.seq));
    add(point.id.to_string());
    add(point.price.to_string());
    add(std::to_string(micros(point.timestamp)));
    add(std::to_string(micros(point.fetched_at)));
    add(point.raw_id.to_string());
    add(to_string(point.time_source));
    add(point.series.provider);
    add(point.series.symbol.str());
    add(point.currency);
    return text + ';';
}

std::optional<Entry> parse_entry(std::string_view text, Series const& series) {
    if (!text.ends_with(';')) return std::nullopt;
    text.remove_suffix(1);
    std::array<std::string_view, 11> words;
    for (auto& word : words) {
        auto const space = text.find(' ');
        if (space == text.npos) return std::nullopt;
        word = text.substr(0, space);
        text.remove_prefix(space + 1);
    }
    auto const epoch = number(words[1]);
    auto const seq = number(words[2]);
    auto const id = Uuid::parse(words[3]);
    auto const price = Price::parse(words[4]).price;
    auto const timestamp = time(words[5]);
    auto const fetched_at = time(words[6]);
    auto const raw_id = Uuid::parse(words[7]);
    auto const source = parse_time_source(words[8]);
    bool const ours = words[0] == version && words[9] == series.provider && words[10] == series.symbol.str();
    if (!ours || !epoch || !seq || *seq < 1 || !id || !price || !timestamp || !fetched_at || !raw_id || !source)
        return std::nullopt;
    Entry entry(PricePoint(*id, series, *seq, *price, *timestamp, *fetched_at, *raw_id), *epoch);
    entry.point.time_source = *source;
    entry.point.currency = text;
    return entry;
}

}  // namespace mds::redis
