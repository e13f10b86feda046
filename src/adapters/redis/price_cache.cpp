#include "adapters/redis/price_cache.hpp"

#include "adapters/redis/counts.hpp"
#include "adapters/redis/entry.hpp"
#include "adapters/redis/point_writer.hpp"
#include "adapters/redis/reply.hpp"
#include "adapters/redis/session.hpp"
#include "support/io_thread.hpp"
#include "support/within.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include <array>
#include <utility>

namespace mds::redis {

class PriceCache::Impl {
public:
    Impl(Options options, Random& random, support::Log log, support::Metrics& metrics)
        : options_(std::move(options)),
          counts_(metrics),
          session_(thread_.executor(), options_, random, std::move(log), metrics, [this] { writer_.write_on(); }),
          writer_(thread_.executor(), options_, session_, counts_) {}
    ~Impl() { drain(SteadyTime{}); }

    void start() {
        net::co_spawn(thread_.executor(), session_.run(), net::detached);
        thread_.start();
    }

    bool drain(SteadyTime deadline) noexcept {
        net::post(thread_.executor(), [this] {
            session_.stop();
            writer_.stop();
        });
        thread_.release();
        return thread_.join(deadline);
    }

    bool in_use() const noexcept { return session_.usable(); }
    void offer(std::span<PricePoint const> points) noexcept { writer_.offer(points); }

    Awaitable<std::optional<PricePoint>> latest(Series series) {
        if (!session_.usable()) {
            counts_.read_away.Increment();
            co_return std::nullopt;
        }
        auto const generation = session_.generation();
        auto found = co_await support::within(options_.timeout, ask(std::move(series)));
        if (found) co_return std::move(*found);
        counts_.late.Increment();
        net::post(thread_.executor(), [this, generation] { session_.drop(generation, "an answer was late"); });
        co_return std::nullopt;
    }

private:
    using Found = std::optional<PricePoint>;

    /// Crosses to the I/O thread and back.
    Awaitable<Found> ask(Series series) {
        auto start = [this, series = std::move(series)](auto handler) mutable {
            auto const shared = std::make_shared<decltype(handler)>(std::move(handler));
            auto answer = [shared](Found found) {
                auto const home = net::get_associated_executor(*shared);
                net::post(home, [shared, found = std::move(found)]() mutable { std::move (*shared)(std::move(found)); });
            };
            net::post(thread_.executor(), [this, series = std::move(series), answer = std::move(answer)]() mutable {
                look_up(std::move(series), std::move(answer));
            });
        };
        return net::async_initiate<net::use_awaitable_t<IoExecutor> const, void(Found)>(std::move(start), support::use_task);
    }

    /// A range, because what lies under the key may be anything of any size.
    void look_up(Series series, std::function<void(Found)> answer) {
        static std::string const last = std::to_string(max_entry_size - 1);
        auto key = key_of(options_.prefix, series);
        std::array<std::string_view, 4> const words{"GETRANGE", key, "0", last};
        session_.send(words, [this, key, series = std::move(series), answer = std::move(answer)](redisReply const* reply) {
            answer(found_in(reply, key, series));
        });
    }

    Found found_in(redisReply const* reply, std::string const& key, Series const& series) {
        if (reply == nullptr) return count(counts_.read_away);
        if (is_error(*reply) && !text_of(*reply).starts_with("WRONGTYPE")) return count(counts_.read_errors);
        if (reply->type == REDIS_REPLY_STRING && reply->len == 0) return count(counts_.misses);
        auto entry = reply->type == REDIS_REPLY_STRING ? parse_entry(text_of(*reply), series) : std::nullopt;
        if (!entry) {
            remove(key);
            return count(counts_.garbage);
        }
        if (entry->epoch != options_.store_epoch) return count(counts_.other_epoch);
        counts_.hits.Increment();
        return std::move(entry->point);
    }

    static Found count(prometheus::Counter& why) {
        why.Increment();
        return std::nullopt;
    }

    /// Garbage that begins like a very new entry would stand in the way for ever.
    void remove(std::string const& key) {
        std::array<std::string_view, 2> const words{"UNLINK", key};
        session_.send(words, [](redisReply const*) {});
    }

    Options const options_;
    Counts counts_;
    support::IoThread thread_{"mds-redis"};
    Session session_;
    PointWriter writer_;
};

PriceCache::PriceCache(Options options, Random& random, support::Log log, support::Metrics& metrics)
    : impl_(std::make_unique<Impl>(std::move(options), random, std::move(log), metrics)) {}

PriceCache::~PriceCache() = default;

void PriceCache::start() {
    impl_->start();
}

bool PriceCache::drain(SteadyTime deadline) noexcept {
    return impl_->drain(deadline);
}

bool PriceCache::in_use() const noexcept {
    return impl_->in_use();
}

Awaitable<std::optional<PricePoint>> PriceCache::latest(Series series) {
    return impl_->latest(std::move(series));
}

void PriceCache::offer(std::span<PricePoint const> points) noexcept {
    impl_->offer(points);
}

}  // namespace mds::redis
