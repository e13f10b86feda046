// Seeded random schedules: a bus that repeats, skips, loses and fails, a store that fails or does not say whether it committed,
// crashes, rebalances and a second consumer that believes to own the same partition. Whatever happened, in the end the table is
// what a fresh fold gives. A failing seed is printed; it fails again the same way.
#include "support/averaging_world.hpp"
#include "support/catch.hpp"

#include "codec/event_json.hpp"
#include "services/averaging.hpp"
#include "support/metrics.hpp"

#include <memory>
#include <random>

using namespace mds;
using namespace mds::testing;

namespace {

struct Consumer {
    FakeSource source;
    Averaging averaging;

    Consumer(FakeLog& log, FakeAveragingStore& store, support::Metrics& metrics, AveragingOptions const& options)
        : source(log), averaging(source, store, store, store, support::Log::silent(), metrics, options) {}
};

class Simulation {
public:
    explicit Simulation(unsigned seed) : random_(seed) {
        options_.max_batch = 1 + below(12);
        faulty_ = below(4) != 0;
        for (char const name : {'A', 'B', 'C'}) series_.push_back(series_of(std::string(1, name)));
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
        for (int i = 0; i < 2000 && store_.offsets[0].next != log_.end(); ++i) consumers_[0]->averaging.step();
    }

    void check() {
        CHECK(store_.offsets[0].next == log_.end());
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
        auto consumer = std::make_unique<Consumer>(log_, store_, metrics_, options_);
        consumer->source.fault = [this] { return faulty_ && below(10) == 0; };
        consumer->source.stray = [this](std::int64_t next) {
            if (!faulty_) return next;
            auto const dice = below(10);
            return dice == 0 ? next - below(20) : dice == 1 ? next + below(5) : next;
        };
        return consumer;
    }

    void publish(PricePoint const& point) {
        if (below(3) != 0) return log_.publish(point);
        RawRecord raw;
        codec::append_event_value(raw.value, point);
        raw.headers = codec::event_headers(PriceEvent(point, 0));
        log_.publish(std::move(raw));
    }

    void act() {
        switch (auto& consumer = consumers_[below(4) == 0 ? 1 : 0]; below(faulty_ ? 16 : 8)) {
            case 0: publish(store_.add(series_[below(3)], price())); break;
            case 1:
                for (unsigned n = below(30); n > 0; --n) publish(store_.add(series_[below(3)], price()));
                break;
            case 2: log_.publish(RawRecord{"k", "{junk " + std::to_string(log_.end()), {}, {}}); break;
            case 3: publish_foreign(); break;
            case 8: consumer = make(); break;
            case 9: republish(); break;
            case 10:
                consumer->source.signals.push_back(PartitionsRevoked{{0}});
                consumer->source.signals.push_back(PartitionsAssigned{{0}});
                break;
            case 11: store_.add(series_[below(3)], price()); break;  // its event never comes
            case 12:
                if (below(10) == 0) log_.first = log_.end() - std::min<std::int64_t>(log_.end() - log_.first, below(10));
                break;
            default: consumer->averaging.step();
        }
    }

    /// Another program's event: its point exists once the consumer made it.
    void publish_foreign() {
        RawRecord raw;
        codec::append_event_value(raw.value, point_of(series_[below(3)], 1, price()));
        raw.timestamp = UtcTime(std::chrono::seconds(1'800'000'000 + log_.end()));
        log_.publish(std::move(raw));
    }

    /// A relay that went back and published a part of the log again.
    void republish() {
        auto const from = log_.end() - std::min<std::int64_t>(log_.end(), below(20));
        auto const to = log_.end();
        for (auto i = from; i < to; ++i) {
            auto const content = log_.records[static_cast<std::size_t>(i)].content;
            if (auto const* const event = std::get_if<PriceEvent>(&content)) log_.publish(event->point);
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
        for (auto const& [offset, letter] : store_.dead_letters) {
            if (letter.value != "{junk " + std::to_string(offset)) return false;
        }
        return true;
    }

    std::mt19937_64 random_;
    FakeAveragingStore store_;
    FakeLog log_;
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
