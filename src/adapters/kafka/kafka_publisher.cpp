#include "adapters/kafka/kafka_publisher.hpp"

#include "adapters/kafka/topics.hpp"
#include "codec/event_json.hpp"

#include <array>
#include <stdexcept>
#include <utility>

namespace mds::kafka {
namespace {

rd_kafka_vu_t text(rd_kafka_vtype_t type, std::string const& content) {
    rd_kafka_vu_t part{};
    part.vtype = type;
    part.u.mem.ptr = const_cast<char*>(content.data());  // copied: see the message's flags
    part.u.mem.size = content.size();
    return part;
}

rd_kafka_headers_t* to_headers(codec::EventHeaders const& headers) {
    auto* const list = rd_kafka_headers_new(headers.size());
    for (auto const& [name, value] : headers)
        rd_kafka_header_add(list, name.data(), static_cast<ssize_t>(name.size()), value.data(), static_cast<ssize_t>(value.size()));
    return list;
}

/// The record's own, verbatim, and behind them where it stood and what was wrong with it.
codec::EventHeaders headers_of(DeadLetter const& letter) {
    codec::EventHeaders headers(letter.headers.begin(), letter.headers.end());
    headers.emplace_back("dlq_topic", letter.topic);
    headers.emplace_back("dlq_partition", std::to_string(letter.partition));
    headers.emplace_back("dlq_offset", std::to_string(letter.offset));
    headers.emplace_back("dlq_error_class", letter.error_class);
    headers.emplace_back("dlq_error", letter.error);
    return headers;
}

}  // namespace

KafkaPublisher::KafkaPublisher(Options options, support::Log log, support::Metrics& metrics)
    : ClientEvents(std::move(log)),
      options_(std::move(options)),
      client_(make_client(RD_KAFKA_PRODUCER, options_, *this)),
      delivered_(metrics.counter("mds_kafka_delivered_total", "Events that the brokers acknowledged")),
      failed_(metrics.counter("mds_kafka_delivery_failures_total", "Events whose delivery ended in an error")),
      full_(metrics.counter("mds_kafka_producer_full_total", "Times that the producer's queue took no more")),
      discarded_(metrics.counter("mds_kafka_discarded_total", "Events given up by the producer, to be published again")),
      too_large_count_(metrics.counter("mds_kafka_dead_letters_too_large_total",
                                       "Dead letters that are in their table alone, since the topic takes none of their size")) {}

KafkaPublisher::~KafkaPublisher() {
    discard();
}

Result<void> KafkaPublisher::prepare() {
    try {
        if (!client_) {
            auto fresh = make_client(RD_KAFKA_PRODUCER, options_, *this);
            std::lock_guard const lock(exchange_);
            client_ = std::move(fresh);
        }
    } catch (std::runtime_error const& error) {  // its properties were right before: no threads or descriptors left
        return Error(ErrorCode::unavailable, "no client for the bus", error.what());
    }
    if (topics_there_) return {};
    auto const done = ensure_topics(client_.get(), options_, log());
    topics_there_ = done.has_value();
    if (topics_there_) heard();
    return done;
}

Result<std::size_t> KafkaPublisher::enqueue(std::span<OutboxEvent const> events) {
    if (auto const ready = prepare(); !ready) return ready.error();
    std::size_t taken = 0;
    for (auto const& event : events) {
        bool const letter = event.dead_letter() != nullptr;
        auto const code = letter && too_large_.contains(event.position) ? RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE : produce(event);
        if (letter && code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
            pass_over(event);
            ++taken;
            continue;
        }
        if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
            full_.Increment();
            break;
        }
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {  // the next report tells, behind what was delivered
            if (!failure_) failure_ = to_error("the bus takes no events", code, rd_kafka_err2str(code));
            break;
        }
        handed_.push_back({State::under_way, letter ? event.position : 0});
        ++taken;
    }
    return taken;
}

/// With the headers that say where it was, a record can be larger than what let it in. It must not hold up all that is behind it.
void KafkaPublisher::pass_over(OutboxEvent const& letter) {
    too_large_.insert(letter.position);
    too_large_count_.Increment();
    log().error("kafka.dead_letter_too_large", {{"position", letter.position},
                                                {"topic", letter.dead_letter()->topic},
                                                {"partition", letter.dead_letter()->partition},
                                                {"offset", letter.dead_letter()->offset}});
    handed_.push_back({State::passed_over, letter.position});
}

rd_kafka_resp_err_t KafkaPublisher::produce(OutboxEvent const& event) {
    if (auto const* const letter = event.dead_letter()) {
        if (event.replayed) return produce(options_.topic, letter->key, letter->value, letter->headers);
        return produce(options_.dead_letter_topic, letter->key, letter->value, headers_of(*letter));
    }
    PriceEvent const& price = *event.price();
    value_.clear();
    codec::append_event_value(value_, price.point);
    return produce(options_.topic, price.point.series.symbol.str(), value_, codec::event_headers(price));
}

rd_kafka_resp_err_t KafkaPublisher::produce(std::string const& topic, std::string const& key, std::string const& value,
                                            codec::EventHeaders const& headers) {
    std::array<rd_kafka_vu_t, 6> parts{};
    parts[0].vtype = RD_KAFKA_VTYPE_TOPIC;
    parts[0].u.cstr = topic.c_str();
    parts[1] = text(RD_KAFKA_VTYPE_KEY, key);
    parts[2] = text(RD_KAFKA_VTYPE_VALUE, value);
    parts[3].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
    parts[3].u.i = RD_KAFKA_MSG_F_COPY;
    parts[4].vtype = RD_KAFKA_VTYPE_OPAQUE;
    parts[4].u.ptr = reinterpret_cast<void*>(first_ + handed_.size());
    parts[5].vtype = RD_KAFKA_VTYPE_HEADERS;
    parts[5].u.headers = to_headers(headers);
    ErrorHandle const error(rd_kafka_produceva(client_.get(), parts.data(), parts.size()));
    if (!error) return RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_headers_destroy(parts[5].u.headers);
    return rd_kafka_error_code(error.get());
}

/// Within a poll.
void KafkaPublisher::reported(rd_kafka_message_t const& message) {
    auto const number = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(message._private));
    if (number < first_ || number - first_ >= handed_.size()) return;
    auto& [state, letter] = handed_[number - first_];
    bool const good = message.err == RD_KAFKA_RESP_ERR_NO_ERROR;
    state = good ? State::delivered : State::failed;
    if (letter != 0 && message.err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) too_large_.insert(letter);
    if (good || message.err == RD_KAFKA_RESP_ERR__PURGE_QUEUE || message.err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT) return;
    failed_.Increment();
    // Not rd_kafka_message_errstr(): of a produced message that is its payload, which has no end.
    if (!failure_) failure_ = to_error("the bus refused an event", message.err, rd_kafka_err2str(message.err));
}

DeliveryReport KafkaPublisher::delivered(std::chrono::milliseconds wait) {
    DeliveryReport report;
    if (client_) rd_kafka_poll(client_.get(), static_cast<int>(wait.count()));
    report.delivered = take_delivered();
    if (!failure_) {
        if (handed_.empty()) look_for_brokers();
        return report;
    }
    topics_there_ = false;  // the failure may be that they were removed
    report.failure = failure_;
    discard();
    report.delivered += take_delivered();
    abandon();
    log().warning("kafka.delivery_failed", {{"error", report.failure->message}, {"detail", report.failure->detail}});
    return report;
}

/// While nothing is under way nobody else would notice that they came, or came back.
void KafkaPublisher::look_for_brokers() {
    auto const now = std::chrono::steady_clock::now();
    if (health().ready || now < look_again_) return;
    look_again_ = now + std::chrono::seconds(1);
    if (!topics_there_)
        static_cast<void>(prepare());
    else if (client_ && answers(client_.get(), std::chrono::milliseconds(100)))
        heard();
}

std::size_t KafkaPublisher::take_delivered() {
    std::size_t count = 0;
    std::size_t acknowledged = 0;
    for (; !handed_.empty(); handed_.pop_front(), ++count) {
        State const state = handed_.front().state;
        if (state == State::delivered) ++acknowledged;
        if (state != State::delivered && state != State::passed_over) break;
    }
    first_ += count;
    if (acknowledged > 0) heard();
    delivered_.Increment(static_cast<double>(acknowledged));
    return count;
}

void KafkaPublisher::interrupt() noexcept {
    std::lock_guard const lock(exchange_);
    if (!client_) return;
    auto* const reports = rd_kafka_queue_get_main(client_.get());
    rd_kafka_queue_yield(reports);
    rd_kafka_queue_destroy(reports);
}

void KafkaPublisher::abandon() {
    discard();
    discarded_.Increment(static_cast<double>(handed_.size()));
    first_ += handed_.size();
    handed_.clear();
    failure_.reset();
}

/// Ends the client: what is in its queue or on its way is dropped, and reported so by the poll that follows. Reports that came
/// before are kept.
void KafkaPublisher::discard() {
    if (!client_) return;
    rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_poll(client_.get(), 0);
    ClientHandle ending;  // takes its time, in which nobody is to wait for the mutex
    std::lock_guard const lock(exchange_);
    ending = std::move(client_);
}

}  // namespace mds::kafka
