#pragma once

#include <mds/ports/task.hpp>

#include "adapters/sqlite/connection.hpp"
#include "support/offload.hpp"

#include <boost/asio/thread_pool.hpp>

#include <exception>
#include <memory>
#include <mutex>
#include <type_traits>
#include <utility>
#include <vector>

namespace mds::sqlite {

/// `work` with whatever it throws (out of memory) turned into a value.
template <class Work>
std::invoke_result_t<Work> guarded(Work& work) {
    try {
        return work();
    } catch (std::exception const& failure) {
        return Error(ErrorCode::internal, "internal error", failure.what());
    }
}

/// As many connections, each with its prepared statements, as the pool has threads, so that one is always free.
/// `Queries` is constructed from Connection&.
template <class Queries>
class Readers {
public:
    Readers(net::thread_pool& pool, std::size_t count, ConnectionOptions const& options, Condition& condition) : pool_(pool) {
        for (std::size_t i = 0; i < count; ++i) all_.push_back(std::make_unique<Reader>(options, condition));
        for (auto& reader : all_) free_.push_back(reader.get());
    }

    /// Runs `work(Queries&)`, which returns a Result, on a thread of the pool. Ends with the connection's fault if there is one.
    template <class Work>
    Awaitable<std::invoke_result_t<Work, Queries&>> run(Work work) {
        return support::offload(pool_, [this, work = std::move(work)]() mutable {
            Reader* const reader = take();
            auto in_snapshot = [&] { return reader->in_snapshot(work); };
            auto result = guarded(in_snapshot);
            give_back(reader);
            return result;
        });
    }

private:
    struct Reader {
        Connection connection;
        Queries queries;

        Reader(ConnectionOptions const& options, Condition& condition)
            : connection(options, Side::read, condition), queries(connection) {}

        template <class Work>
        std::invoke_result_t<Work, Queries&> in_snapshot(Work& work) {
            Transaction transaction(connection);
            auto result = work(queries);
            if (auto ended = transaction.commit(); !ended) return ended.error();
            return result;
        }
    };

    Reader* take() {
        std::lock_guard const lock(mutex_);
        Reader* const reader = free_.back();
        free_.pop_back();
        return reader;
    }
    void give_back(Reader* reader) {
        std::lock_guard const lock(mutex_);
        free_.push_back(reader);
    }

    net::thread_pool& pool_;
    std::vector<std::unique_ptr<Reader>> all_;
    std::mutex mutex_;
    std::vector<Reader*> free_;
};

}  // namespace mds::sqlite
