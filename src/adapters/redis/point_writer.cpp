#include "adapters/redis/point_writer.hpp"

#include "adapters/redis/entry.hpp"
#include "adapters/redis/reply.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace mds::redis {
namespace {

/// KEYS: one per point. ARGV: time to live in milliseconds, then per point store epoch, seq and value. Writes the points that are
/// newer than what lies there, or where nothing of ours does; returns how many. Numbers of Lua are exact up to 2^53.
constexpr std::string_view write_newer = R"lua(
local written = 0
for i, key in ipairs(KEYS) do
  local at = 3 * i - 1
  local epoch, seq = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  local there = redis.pcall('GETRANGE', key, 0, 63)
  local old_epoch, old_seq
  if type(there) == 'string' then old_epoch, old_seq = string.match(there, '^1 (%d+) (%d+) ') end
  old_epoch, old_seq = tonumber(old_epoch or -1), tonumber(old_seq or -1)
  if old_epoch < epoch or (old_epoch == epoch and old_seq < seq) then
    redis.call('SET', key, ARGV[at + 2], 'PX', ARGV[1])
    written = written + 1
  end
end
return written
)lua";

}  // namespace

PointWriter::PointWriter(IoExecutor executor, Options const& options, Session& session, Counts& counts)
    : executor_(executor), options_(options), session_(session), counts_(counts), limit_(executor) {}

void PointWriter::offer(std::span<PricePoint const> points) noexcept {
    if (!session_.usable()) return counts_.write_away.Increment(static_cast<double>(points.size()));
    std::lock_guard const lock(mutex_);
    auto const room = std::min(points.size(), options_.max_queued - std::min(queue_.size(), options_.max_queued));
    queue_.insert(queue_.end(), points.begin(), points.begin() + static_cast<std::ptrdiff_t>(room));
    if (room < points.size()) counts_.overflow.Increment(static_cast<double>(points.size() - room));
    if (queue_.empty() || std::exchange(woken_, true)) return;
    net::post(executor_, [this] { write_on(); });
}

void PointWriter::write_on() {
    if (under_way_) return;
    auto const batch = next_batch();
    if (batch.empty()) return;
    under_way_ = true;
    send(batch);
}

std::vector<PricePoint> PointWriter::next_batch() {
    std::lock_guard const lock(mutex_);
    woken_ = false;
    auto const size = static_cast<std::ptrdiff_t>(std::min(queue_.size(), options_.max_batch));
    std::vector<PricePoint> batch(std::make_move_iterator(queue_.begin()), std::make_move_iterator(queue_.begin() + size));
    queue_.erase(queue_.begin(), queue_.begin() + size);
    return batch;
}

void PointWriter::send(std::vector<PricePoint> const& batch) {
    auto const ttl = std::to_string(options_.ttl.count());
    auto const count = std::to_string(batch.size());
    auto const epoch = std::to_string(options_.store_epoch);
    std::vector<std::string> keys;
    std::vector<std::string> values;
    for (auto const& point : batch) {
        keys.push_back(key_of(options_.prefix, point.series));
        values.push_back(std::to_string(point.seq));
        values.push_back(to_text(point, options_.store_epoch));
    }
    std::vector<std::string_view> words{"EVAL", write_newer, count};
    words.insert(words.end(), keys.begin(), keys.end());
    words.push_back(ttl);
    for (std::size_t i = 0; i < values.size(); i += 2) words.insert(words.end(), {epoch, values[i], values[i + 1]});
    limit_time();
    session_.send(words, [this, size = batch.size()](redisReply const* reply) { settle(size, reply); });
}

void PointWriter::limit_time() {
    limit_.expires_after(options_.write_timeout);
    auto expire = [this, generation = session_.generation()](boost::system::error_code called_off) {
        if (!called_off) session_.drop(generation, "a write took too long");
    };
    limit_.async_wait(std::move(expire));
}

void PointWriter::settle(std::size_t size, redisReply const* reply) {
    under_way_ = false;
    limit_.cancel();
    auto const count = static_cast<double>(size);
    if (reply == nullptr) {
        counts_.write_away.Increment(count);
    } else if (reply->type != REDIS_REPLY_INTEGER) {
        counts_.refused.Increment(count);
    } else {
        auto const written = static_cast<double>(reply->integer);
        counts_.written.Increment(written);
        counts_.older.Increment(std::max(0.0, count - written));
    }
    // Not from here: where nobody listens this is called from within send(), again and again.
    net::post(executor_, [this] { write_on(); });
}

}  // namespace mds::redis
