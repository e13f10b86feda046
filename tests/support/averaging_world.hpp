#pragma once
// Fakes for the consumer: a store that keeps points, averages and offsets as the real ones do, and a bus over a log. Both can be
// told to fail, by a function that is asked at every call.

#include <mds/ports/averaging_store.hpp>
#include <mds/ports/event_source.hpp>
#include <mds/ports/price_reads.hpp>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <numeric>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace mds::testing {

inline Series series_of(std::string const& symbol, std::string const& provider = "simulated") {
    return Series(*Symbol::parse(symbol), provider);
}

/// A point whose times follow from its number.
inline PricePoint point_of(Series const& series, std::int64_t seq, Price price) {
    UtcTime const quoted{std::chrono::seconds(1'700'000'000 + seq)};
    return PricePoint(Uuid::v7(quoted, 0, static_cast<std::uint64_t>(seq)), series, seq, price, quoted,
                      quoted + std::chrono::milliseconds(250), Uuid{});
}

enum class Fault { none, unavailable, applied_but_unknown };

class FakeAveragingStore final : public AveragingStore, public SeriesHistory, public LatestPrices {
public:
    /// Asked at every call; only commit() can be applied without its caller knowing.
    std::function<Fault()> fault = [] { return Fault::none; };

    /// Foreign events that can never be stored.
    std::function<bool(Observation const&)> refuses = [](Observation const&) { return false; };

    std::map<Series, std::vector<PricePoint>> stored;
    std::map<std::pair<Series, std::int64_t>, AverageRow> averages;
    std::map<std::pair<std::int32_t, std::int64_t>, DeadLetter> dead_letters;  ///< by partition and offset
    std::map<std::int32_t, PartitionClaim> offsets;
    std::map<Uuid, Observation> raw_rows;  ///< of foreign events
    int refused = 0;
    int commits = 0;
    int reads = 0;
    bool offset_went_back = false;

    PricePoint add(Series const& series, Price price) {
        auto& points_of_it = stored[series];
        points_of_it.push_back(point_of(series, static_cast<std::int64_t>(points_of_it.size()) + 1, price));
        return points_of_it.back();
    }

    Result<PartitionClaim> claim(std::string_view topic, std::int32_t partition) override {
        if (fault() != Fault::none) return away();
        auto& held = offsets[partition];
        held.topic = topic;
        held.partition = partition;
        ++held.epoch;
        return held;
    }

    using AveragingStore::commit;
    Result<void> commit(std::span<AveragingBatch const> batches, std::function<void()> const& meanwhile) override {
        meanwhile();
        auto const how = fault();
        if (how == Fault::unavailable) return away();
        for (auto const& batch : batches) {
            if (auto const fine = look_at(batch); !fine) return fine;
        }
        std::set<std::pair<Series, std::int64_t>> once;
        for (auto const& batch : batches) {
            for (auto const& row : batch.averages) {
                if (!once.emplace(row.series, row.seq).second) return Error(ErrorCode::internal, "average is there twice");
            }
        }
        for (auto const& batch : batches) {
            for (auto const& row : batch.averages) averages.emplace(std::pair(row.series, row.seq), row);
        }
        for (auto const& batch : batches) write_rest(batch);
        ++commits;
        if (how == Fault::applied_but_unknown) return away();
        return {};
    }

    Result<SeriesProgress> progress(Series const& series) override {
        ++reads;
        if (fault() != Fault::none) return away();
        SeriesProgress found;
        auto const behind = averages.lower_bound({series, INT64_MAX});
        if (behind != averages.begin() && std::prev(behind)->first.first == series)
            found.last_averaged = std::prev(behind)->first.second;
        return found;
    }

    Result<std::vector<PricePoint>> points(Series const& series, std::int64_t first, std::int64_t last) override {
        ++reads;
        if (fault() != Fault::none) return away();
        std::vector<PricePoint> found;
        for (auto const& point : stored[series]) {
            if (point.seq >= first && point.seq <= last) found.push_back(point);
        }
        return found;
    }

    Result<void> for_each_latest(std::function<void(PricePoint const&)> const& visit) override {
        if (fault() != Fault::none) return away();
        for (auto const& [series, all] : stored) visit(all.back());
        return {};
    }

private:
    static Error away() { return Error(ErrorCode::unavailable, "the store is away"); }

    Result<void> look_at(AveragingBatch const& batch) {
        auto const& held = offsets[batch.claim.partition];
        if (held.epoch != batch.claim.epoch || held.next != batch.claim.next) {
            ++refused;
            return Error(ErrorCode::fenced, "not yours");
        }
        if (std::ranges::any_of(batch.foreign, refuses)) return Error(ErrorCode::invalid_argument, "no such point");
        for (auto const& row : batch.averages) {
            if (averages.contains({row.series, row.seq})) return Error(ErrorCode::internal, "average is there already");
        }
        for (auto const& letter : batch.dead_letters) {
            if (dead_letters.contains({letter.partition, letter.offset}))
                return Error(ErrorCode::internal, "letter is there already");
        }
        return {};
    }

    void write_rest(AveragingBatch const& batch) {
        for (auto const& letter : batch.dead_letters) dead_letters.emplace(std::pair(letter.partition, letter.offset), letter);
        for (auto const& event : batch.foreign) take_in(event);
        auto& held = offsets[batch.claim.partition];
        offset_went_back = offset_went_back || batch.new_next < held.next;
        held.next = batch.new_next;
    }

    /// The next point of its series, and every average that is missing up to it.
    void take_in(Observation const& event) {
        Series const series(event.symbols.front(), event.provider);
        auto const& quote = *event.results.front().quote();
        auto& points_of_it = stored[series];
        for (auto const& point : points_of_it) {
            if (point.id == quote.point_id) return;
        }
        auto const seq = static_cast<std::int64_t>(points_of_it.size()) + 1;
        points_of_it.emplace_back(quote.point_id, series, seq, quote.price, quote.timestamp, event.fetched_at, event.raw_id);
        raw_rows.emplace(event.raw_id, event);
        MovingWindow window;
        for (auto const& point : points_of_it) {
            if (!window.push(point.price) || averages.contains({series, point.seq})) continue;
            averages.emplace(std::pair(series, point.seq),
                             AverageRow(series, window.average(), point.timestamp, point.fetched_at, point.seq));
        }
    }
};

/// A log with offsets from 0, read by any number of sources.
struct FakeLog {
    std::vector<BusRecord> records;
    std::int64_t first = 0;  ///< what is before is gone

    void publish(PricePoint point, std::int64_t epoch = 0) { records.emplace_back(end(), PriceEvent(std::move(point), epoch)); }
    void publish(RawRecord raw) { records.emplace_back(end(), std::move(raw)); }
    std::int64_t end() const { return static_cast<std::int64_t>(records.size()); }
};

/// One reader of FakeLogs, which are the partitions 0, 1, 2 ... The test may put signals in front.
class FakeSource final : public EventSource {
public:
    explicit FakeSource(FakeLog& log) : FakeSource(std::vector{&log}) {}
    explicit FakeSource(std::vector<FakeLog*> logs) : logs_(std::move(logs)) { signals.push_back(PartitionsAssigned{all()}); }

    std::deque<BusSignal> signals;
    std::function<bool()> fault = [] { return false; };
    /// Where the next read begins, given where it should: the bus may repeat or skip.
    std::function<std::int64_t(std::int64_t)> stray = [](std::int64_t expected) { return expected; };
    /// Whether a partition has its part in the poll at hand.
    std::function<bool()> speaks = [] { return true; };
    std::map<std::int32_t, std::int64_t> next;  ///< of the partitions that were started

    Result<BusSignal> poll(std::size_t max_records, std::chrono::milliseconds) override {
        if (fault()) return Error(ErrorCode::unavailable, "the bus is away");
        if (!signals.empty()) {
            auto const signal = signals.front();
            signals.pop_front();
            return signal;
        }
        for (auto const& [partition, from] : next) {
            if (from < log(partition).first) return BusSignal(RecordsLost{partition, from, log(partition).first});
        }
        RecordsRead read;
        for (auto at = next.rbegin(); at != next.rend() && max_records > 0; ++at) {  // in any order
            if (speaks()) max_records -= take(read, at->first, at->second, max_records);
        }
        if (read.runs.empty()) return BusSignal(NothingYet{});
        return BusSignal(std::move(read));
    }
    BusSignal ready(std::size_t max_records) override {
        auto signal = poll(max_records, std::chrono::milliseconds(0));
        if (!signal || std::holds_alternative<RecordsLost>(*signal)) return NothingYet{};
        return *std::move(signal);
    }
    void start(std::int32_t partition, std::int64_t offset) override { next[partition] = offset; }
    void rejoin() override {
        ++rejoins;
        signals.push_back(PartitionsRevoked{all()});
        if (has_a_share) signals.push_back(PartitionsAssigned{all()});
    }
    void interrupt() noexcept override {}
    int rejoins = 0;
    bool has_a_share = true;  ///< what a rejoin finds
    std::function<bool(std::int32_t, std::string_view)> in_partition = [](std::int32_t, std::string_view) { return true; };
    bool carries(std::int32_t partition, std::string_view key) const override { return in_partition(partition, key); }

    std::vector<std::int32_t> all() const {
        std::vector<std::int32_t> numbers(logs_.size());
        std::iota(numbers.begin(), numbers.end(), 0);
        return numbers;
    }

private:
    FakeLog& log(std::int32_t partition) { return *logs_.at(static_cast<std::size_t>(partition)); }

    std::size_t take(RecordsRead& read, std::int32_t partition, std::int64_t& at, std::size_t most) {
        auto const& of = log(partition);
        std::int64_t const from = std::clamp(stray(at), of.first, of.end());
        std::int64_t const to = std::min(of.end(), from + static_cast<std::int64_t>(most));
        if (from == to) return 0;
        read.runs.push_back({partition, {of.records.begin() + from, of.records.begin() + to}});
        at = to;
        return static_cast<std::size_t>(to - from);
    }

    std::vector<FakeLog*> logs_;
};

}  // namespace mds::testing
