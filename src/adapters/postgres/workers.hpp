#pragma once

#include <mds/ports/task.hpp>

#include "adapters/postgres/connection.hpp"
#include "adapters/postgres/job_reads.hpp"
#include "adapters/postgres/job_writes.hpp"
#include "adapters/postgres/price_reads.hpp"
#include "support/offload.hpp"

#include <boost/asio/thread_pool.hpp>

#include <exception>
#include <memory>
#include <mutex>
#include <type_traits>
#include <utility>
#include <vector>

namespace mds::postgres {

/// As many connections as the pool has threads, so that one is always free.
class Workers {
public:
    /// What a request is answered with.
    struct Desk {
        Connection connection;
        PriceQueries prices;
        JobQueries jobs;
        JobWriter job_writer;

        Desk(ConnectionOptions const& options, Side side, Condition& condition)
            : connection(options, side, condition), prices(connection), jobs(connection), job_writer(connection) {}
    };

    Workers(std::size_t count, ConnectionOptions const& options, Side side, Condition& condition) : pool_(count) {
        for (std::size_t i = 0; i < count; ++i) all_.push_back(std::make_unique<Desk>(options, side, condition));
        for (auto& desk : all_) free_.push_back(desk.get());
    }
    ~Workers() { pool_.join(); }
    Workers(Workers const&) = delete;
    Workers& operator=(Workers const&) = delete;

    /// Runs `work(Desk&)`, which returns a Result, on a thread of the pool.
    template <class Work>
    Awaitable<std::invoke_result_t<Work, Desk&>> run(Work work) {
        return support::offload(pool_, [this, work = std::move(work)]() mutable {
            Desk* const desk = take();
            auto result = attempt(*desk, work);
            give_back(desk);
            return result;
        });
    }

private:
    /// Whatever is thrown (out of memory) becomes a value.
    template <class Work>
    static std::invoke_result_t<Work, Desk&> attempt(Desk& desk, Work& work) {
        try {
            return with_fresh_connection(desk.connection, [&] { return work(desk); });
        } catch (std::exception const& failure) {
            return Error(ErrorCode::internal, "internal error", failure.what());
        }
    }
    Desk* take() {
        std::lock_guard const lock(mutex_);
        Desk* const desk = free_.back();
        free_.pop_back();
        return desk;
    }
    void give_back(Desk* desk) {
        std::lock_guard const lock(mutex_);
        free_.push_back(desk);
    }

    net::thread_pool pool_;
    std::vector<std::unique_ptr<Desk>> all_;
    std::mutex mutex_;
    std::vector<Desk*> free_;
};

}  // namespace mds::postgres
