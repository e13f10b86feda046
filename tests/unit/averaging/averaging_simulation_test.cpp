// Seeded random schedules: a bus of one to three partitions, to which more come on the way, that repeats, skips, loses and fails, a
// store that fails or does not say whether it committed, crashes, rebalances and a second consumer that believes to own the same
// partitions. Whatever happened, in the end the table is what a fresh fold gives. A failing seed is printed; it fails again the
// same way.
#include "support/averaging_world.hpp"
#include "support/catch.hpp"

#include "codec/event_json.hpp"
#include "services/averaging.hpp"
#include "support/metrics.hpp"

#include <array>
#include <memory>
#include <random>

using namespace mds;
using namespace mds::testing;

namespace {

struct Consumer {
    FakeSource source;
    Averaging averaging;

    Consumer(std::vector<FakeLog*> logs, FakeAveragingStore& store, support::Metrics& metrics, AveragingOptions const& options)
        : source(std::move(logs)), averaging(source, store, store, store, support::Log::silent(), metrics, options) {}
};

class Simulation {
public:
    explicit Simulation(unsigned seed) : random_(seed) {
        options_.max_batch = 1 + below(12);
        partitions_ = 1 + below(3);
        faulty_ = below(4) != 0;
        for (char const name : {'A', 'B', 'C', 'D'}) series_.push_back(series_of(std::string(1, name)));
        store_.fault = [this] { return store_fault(); };
        for (auto& consumer : consumers_) consumer = make();
    }

    void run() {
        for (int i = 0; i < 150; ++i) act();
        faulty_ = false;
        // What was skipped at the end of a series shows with the next event of it.
        for (auto const& series : series_) publish(store_.add(series, price()));
        consumers_[1].reset();
        if (below(2) == 0) consumers_[0] = make();
        consumers_[0]->source.signals.push_back(PartitionsAssigned{consumers_[0]->source.all()});
        for (int i = 0; i < 2000 && !all_reflected(); ++i) consumers_[0]->averaging.step();
    }

    void check() {
        CHECK(all_reflected());
        CHECK_FALSE(store_.offset_went_back);
        CHECK(averages_are_a_fresh_fold());
        CHECK(dead_letters_are_as_received());
    }

private:
    unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }
    Price price() { return Price::from_units(Int128(1 + random_() % 1'000'000'000'000) * (1 + random_() % 1'000'000'000)); }

    Fault store_fault() {
        if (!faulty_) return Fault::none;
        auto const dice = below(12);
        return dice == 0 ? Fault::unavailable : dice == 1 ? Fault::applied_but_unknown : Fault::none;
    }

    std::unique_ptr<Consumer> make() {
        auto consumer = std::make_unique<Consumer>(std::vector{&logs_[0], &logs_[1], &logs_[2]}, store_, metrics_, options_);
        consumer->source.fault = [this] { return faulty_ && below(10) == 0; };
        consumer->source.stray = [this](std::int64_t next) {
            if (!faulty_) return next;
            auto const dice = below(10);
            return dice == 0 ? next - below(20) : dice == 1 ? next + below(5) : next;
        };
        consumer->source.speaks = [this] { return below(4) != 0; };
        consumer->source.in_partition = [this](std::int32_t partition, std::string_view key) {
            return partition == static_cast<std::int32_t>(partition_of(key));
        };
        return consumer;
    }

    std::size_t partition_of(std::string_view key) const { return static_cast<unsigned char>(key.front()) % partitions_; }
    FakeLog& log_of(Series const& series) { return logs_[partition_of(series.symbol.str())]; }
    FakeLog& any_log() { return logs_[below(partitions_)]; }
    Series const& any_series() { return series_[below(static_cast<unsigned>(series_.size()))]; }
    bool all_reflected() {
        for (std::size_t i = 0; i < logs_.size(); ++i)
            if (store_.offsets[static_cast<std::int32_t>(i)].next != logs_[i].end()) return false;
        return true;
    }

    void publish(PricePoint const& point) {
        FakeLog& log = log_of(point.series);
        if (below(3) != 0) return log.publish(point);
        RawRecord raw;
        codec::append_event_value(raw.value, point);
        raw.headers = codec::event_headers(PriceEvent(point, 0));
        log.publish(std::move(raw));
    }

    void act() {
        switch (auto& consumer = consumers_[below(4) == 0 ? 1 : 0]; below(faulty_ ? 18 : 8)) {
            case 0: publish(store_.add(any_series(), price())); break;
            case 1:
                for (unsigned n = below(30); n > 0; --n) publish(store_.add(any_series(), price()));
                break;
            case 2: publish_junk(any_log()); break;
            case 3: publish_foreign(); break;
            case 8: consumer = make(); break;
            case 9: republish(); break;
            case 10: rebalance(consumer->source); break;
            case 11: store_.add(any_series(), price()); break;  // its event never comes
            case 12:
                if (auto& log = any_log(); below(10) == 0)
                    log.first = log.end() - std::min<std::int64_t>(log.end() - log.first, below(10));
                break;
            case 13:
                if (below(10) == 0) partitions_ = 3;
                break;
            default: consumer->averaging.step();
        }
    }

    /// Some partitions go, and the same or others come.
    void rebalance(FakeSource& source) {
        PartitionsRevoked gone;
        PartitionsAssigned come;
        for (auto const partition : source.all()) {
            if (below(2) == 0) gone.partitions.push_back(partition);
            if (below(2) == 0) come.partitions.push_back(partition);
        }
        source.signals.push_back(gone);
        source.signals.push_back(come);
    }

    void publish_junk(FakeLog& log) {
        log.publish(RawRecord{"k", junk(static_cast<std::int32_t>(&log - logs_.data()), log.end()), {}, {}});
    }
    static std::string junk(std::int32_t partition, std::int64_t offset) {
        return "{junk " + std::to_string(partition) + " " + std::to_string(offset);
    }

    /// Another program's event: its point exists once the consumer made it.
    void publish_foreign() {
        RawRecord raw;
        auto const point = point_of(any_series(), 1, price());
        codec::append_event_value(raw.value, point);
        FakeLog& log = log_of(point.series);
        raw.timestamp = UtcTime(std::chrono::seconds(1'800'000'000 + log.end()));
        log.publish(std::move(raw));
    }

    /// A relay that went back and published a part of the log again.
    void republish() {
        FakeLog& log = any_log();
        auto const from = log.end() - std::min<std::int64_t>(log.end(), below(20));
        auto const to = log.end();
        for (auto i = from; i < to; ++i) {
            auto const content = log.records[static_cast<std::size_t>(i)].content;
            if (auto const* const event = std::get_if<PriceEvent>(&content)) log.publish(event->point);
        }
    }

    /// Sums of fives, doubled: a fifth of 10^-18 in units of 10^-19. These prices are small enough for plain sums.
    bool averages_are_a_fresh_fold() const {
        std::size_t expected = 0;
        for (auto const& [series, points] : store_.stored) {
            for (std::size_t n = 5; n <= points.size(); ++n, ++expected) {
                Int128 sum = 0;
                for (std::size_t i = n - 5; i < n; ++i) sum += points[i].price.units();
                auto const row = store_.averages.find({series, static_cast<std::int64_t>(n)});
                if (row == store_.averages.end() || row->second.value.units() != sum * 2) return false;
                if (row->second.timestamp != points[n - 1].timestamp || row->second.fetched_at != points[n - 1].fetched_at)
                    return false;
            }
        }
        return expected == store_.averages.size();
    }

    /// Those that the bus neither skipped nor lost.
    bool dead_letters_are_as_received() const {
        for (auto const& [place, letter] : store_.dead_letters) {
            if (letter.value != junk(place.first, place.second)) return false;
        }
        return true;
    }

    std::mt19937_64 random_;
    FakeAveragingStore store_;
    std::array<FakeLog, 3> logs_;
    unsigned partitions_ = 1;  ///< in use
    support::Metrics metrics_;
    AveragingOptions options_;
    std::vector<Series> series_;
    std::array<std::unique_ptr<Consumer>, 2> consumers_;
    bool faulty_ = false;
};

}  // namespace

TEST_CASE("after any schedule of faults the averages are those of a fresh fold") {
    constexpr unsigned seeds = 3000;
    for (unsigned seed = 0; seed < seeds; ++seed) {
        Simulation simulation(seed);
        simulation.run();
        INFO("seed " << seed);
        simulation.check();
    }
}
