#pragma once

#include <mds/domain/symbol.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace mds::http {

/// Sizes in bytes beyond which a request is refused.
struct Limits {
    std::size_t target = 16 * 1024;          ///< 414
    std::size_t fields = 8 * 1024;           ///< all header fields together, 431
    std::size_t body = 64 * 1024;            ///< after decoding, 413
    std::size_t connections = 16'384;        ///< of the module, beyond it 503 with Retry-After
    std::size_t connections_per_peer = 4096; ///< of one address
    std::size_t open_files = std::numeric_limits<std::size_t>::max();  ///< of the process; close to it accepting pauses
};

/// How many connections that many open files leave room for, at most `wanted`: some files are everybody else's (store, providers, bus,
/// connections that are being refused), and the last twentieth stays free.
std::size_t connections_within(std::size_t open_files, std::size_t wanted) noexcept;
/// The least limit of open files with which connections_within() is `wanted`.
std::size_t open_files_for(std::size_t wanted) noexcept;

/// Each counts the whole operation, so that one byte now and then does not extend it. Kept to a tenth of a second.
struct Deadlines {
    std::chrono::milliseconds header{5'000};       ///< first byte to end of header fields, 408
    std::chrono::milliseconds body{10'000};        ///< end of header fields to end of body, 408
    /// End of the request to a handler's answer, 504. Longer than whatever a handler waits for in good order: this is for what hangs.
    std::chrono::milliseconds answer{30'000};
    std::chrono::milliseconds write{10'000};       ///< until the peer has taken what is to be sent
    std::chrono::milliseconds idle{60'000};        ///< without a request
    std::chrono::milliseconds linger{2'000};       ///< reading on after the last answer, so that it arrives
    std::chrono::milliseconds drain_grace{300};    ///< while draining: for a request that may be on its way
};

struct Options {
    std::string address = "0.0.0.0";
    std::uint16_t port = 8000;               ///< 0: a free one, see HttpModule::port()
    Limits limits;
    Deadlines deadlines;

    std::string default_provider = "simulated";
    std::vector<std::string> failover;       ///< provider=auto: in this order; empty: the default provider
    SymbolCase symbol_case = SymbolCase::upper;
    std::chrono::seconds max_age{60};        ///< of GET /prices/latest where the request gives none; as the service's
    std::string page_token_key;              ///< the same in all replicas; empty: a constant
    bool provider_trials = false;            ///< whether POST /providers/test is on
    std::string version;                     ///< of the program, shown by GET /
};

}  // namespace mds::http
