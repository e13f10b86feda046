#pragma once
// One answer of a provider, and what became of it. The unit of ingest: written whole or not at all.

#include <mds/domain/decimal.hpp>
#include <mds/domain/outcome.hpp>
#include <mds/domain/symbol.hpp>
#include <mds/domain/time.hpp>
#include <mds/domain/uuid.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace mds {

/// Where a point's `timestamp` comes from.
enum class TimeSource {
    quote,    ///< the provider's time of the trade or quote
    date,     ///< the provider gives a day only: midnight of it
    receive,  ///< the provider gives no time: the time of receipt
};

std::string_view to_string(TimeSource source) noexcept;
std::optional<TimeSource> parse_time_source(std::string_view text) noexcept;

/// What one answer says about one symbol, before it is numbered. The id is made once, before the first try to store, so that a
/// repeated write is recognised.
struct Quote {
    Uuid point_id;
    Price price;
    UtcTime timestamp;
    TimeSource time_source = TimeSource::quote;
    std::string currency;  ///< empty: not known
    std::string volume;    ///< the provider's text, empty: not given; not stored with the point

    Quote(Uuid id, Price p, UtcTime at, TimeSource source) : point_id(id), price(p), timestamp(at), time_source(source) {}
};

/// Why one answer (or the lack of one) gave no point for a symbol. `outcome` is never ok.
struct Reject {
    Outcome outcome = Outcome::unclassified_error;
    std::string reason;  ///< one line for people, secrets masked

    Reject(Outcome o, std::string why) : outcome(o), reason(std::move(why)) {}
};

struct SymbolResult {
    Symbol symbol;
    std::variant<Quote, Reject> result;

    SymbolResult(Symbol s, std::variant<Quote, Reject> r) : symbol(std::move(s)), result(std::move(r)) {}
    Quote const* quote() const noexcept { return std::get_if<Quote>(&result); }
    Reject const* reject() const noexcept { return std::get_if<Reject>(&result); }
};

/// The bytes of an HTTP answer as received, except that secrets are masked. Becomes one raw row.
struct RawAnswer {
    std::optional<int> http_status;  ///< none: the answer did not come by HTTP (simulated, foreign event)
    std::string content_type;
    std::string body;
    bool truncated = false;          ///< the body was larger than the cap and ends early
};

/// Who asked for the fetch.
enum class FetchCause {
    schedule,   ///< a tick of the schedule
    immediate,  ///< a job's first tick, or its `run`
    read,       ///< a read that found nothing fresh
    foreign,    ///< an event that another program published
};

std::string_view to_string(FetchCause cause) noexcept;
std::optional<FetchCause> parse_fetch_cause(std::string_view text) noexcept;

/// The tick that a fetch belongs to. `group` names the fetch group for the progress row. `lease` and its `term`: by which this
/// process polls the group, where several share the work. In another term the tick is another's, and the store keeps the prices
/// without it.
struct Tick {
    std::string group;
    UtcTime due;
    std::string lease;  ///< empty: nobody else polls
    std::int64_t term = 0;
};

/// One request to a provider and its end. With `answer`: one raw row, and every symbol asked for has exactly one result.
/// Without (time-out, connection refused): no raw row, one reject per symbol.
struct Observation {
    Uuid raw_id;
    std::string provider;
    std::vector<Symbol> symbols;            ///< as asked for, no repeats
    std::optional<RawAnswer> answer;
    std::vector<SymbolResult> results;      ///< one per symbol, same order
    UtcTime fetched_at;                     ///< receipt of the last byte, or of the failure
    std::chrono::microseconds duration{0};  ///< request sent -> fetched_at
    FetchCause cause = FetchCause::schedule;
    int attempt = 1;                        ///< 1-3 within a tick
    std::optional<Tick> tick;               ///< with cause `schedule`: the tick; the last attempt of it moves the group's progress
    bool settles_tick = false;              ///< this observation ends the tick (success or last attempt)
};

/// A stored point. `seq` counts a series 1, 2, 3 ... without holes in the order of commit.
struct PricePoint {
    Uuid id;
    Series series;
    std::int64_t seq = 0;
    Price price;
    UtcTime timestamp;
    UtcTime fetched_at;
    Uuid raw_id;
    TimeSource time_source = TimeSource::quote;
    std::string currency;

    PricePoint(Uuid point_id, Series s, std::int64_t number, Price p, UtcTime quoted, UtcTime fetched, Uuid raw)
        : id(point_id), series(std::move(s)), seq(number), price(p), timestamp(quoted), fetched_at(fetched), raw_id(raw) {}
};

/// Consecutive due ticks of one fetch group that were not tried. `first` and `last` are both included. A range without ticks (`last` one
/// interval before `first`) with clock_jump marks that the wall clock went back: ticks up to `last` had ended already. `lease` and
/// `term` as in Tick: in another term the ticks are another's to tell of, and the store drops the range.
struct MissedRange {
    std::string group;
    std::string provider;  ///< the first of the list where a target has several
    std::vector<Symbol> symbols;
    std::chrono::seconds interval{0};
    UtcTime first;
    UtcTime last;
    std::int64_t ticks = 0;
    MissedReason reason = MissedReason::down_time;
    std::string lease;  ///< empty: nobody else polls
    std::int64_t term = 0;
};

}  // namespace mds
