#pragma once

#include <hiredis/hiredis.h>

#include <string_view>

namespace mds::redis {

inline std::string_view text_of(redisReply const& reply) noexcept {
    return reply.str == nullptr ? std::string_view() : std::string_view(reply.str, reply.len);
}

inline bool is_error(redisReply const& reply) noexcept {
    return reply.type == REDIS_REPLY_ERROR;
}

}  // namespace mds::redis
