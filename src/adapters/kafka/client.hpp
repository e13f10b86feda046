#pragma once
// What producer and consumer share: handles that free themselves, the configuration, and where librdkafka's log goes.

#include <mds/domain/error.hpp>
#include <mds/module.hpp>

#include "adapters/kafka/options.hpp"
#include "adapters/kafka/properties.hpp"
#include "support/log.hpp"

#include <librdkafka/rdkafka.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

namespace mds::kafka {

template <auto destroy>
struct Destroy {
    template <class T>
    void operator()(T* handle) const noexcept {
        destroy(handle);
    }
};

using ClientHandle = std::unique_ptr<rd_kafka_t, Destroy<rd_kafka_destroy>>;
using MessageHandle = std::unique_ptr<rd_kafka_message_t, Destroy<rd_kafka_message_destroy>>;
using ErrorHandle = std::unique_ptr<rd_kafka_error_t, Destroy<rd_kafka_error_destroy>>;
using PartitionList = std::unique_ptr<rd_kafka_topic_partition_list_t, Destroy<rd_kafka_topic_partition_list_destroy>>;

/// What librdkafka's threads tell a client. First member of whoever is a client, and alive until its handle is destroyed.
class ClientEvents {
public:
    explicit ClientEvents(support::Log log) : log_(std::move(log)) {}
    virtual ~ClientEvents() = default;

    support::Log const& log() const noexcept { return log_; }
    /// Every broker is away, as far as the client saw. Any thread.
    bool away() const noexcept { return away_.load(); }
    /// True for the first to say so.
    bool gone() noexcept { return !away_.exchange(true); }
    /// A broker answered.
    void heard() noexcept;
    /// Not ready before the first answer, and while every broker is away. Any thread.
    Health health() const;

    /// Both are called from within poll, on the polling thread.
    virtual void rebalanced(rd_kafka_t*, rd_kafka_resp_err_t, rd_kafka_topic_partition_list_t*) {}
    virtual void reported(rd_kafka_message_t const&) {}

private:
    support::Log log_;
    std::atomic<bool> reached_{false};
    std::atomic<bool> away_{false};
};

/// A client as effective() says. Throws std::runtime_error where a property is refused.
ClientHandle make_client(rd_kafka_type_t type, Options const& options, ClientEvents& events);

/// Whether any broker answers within `wait`.
bool answers(rd_kafka_t* client, std::chrono::milliseconds wait);

Error to_error(std::string what, rd_kafka_resp_err_t code, std::string detail = {});

}  // namespace mds::kafka
