#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace mds::postgres {

struct ConnectionOptions {
    std::string url;                  ///< URI or keyword=value text, as libpq takes it; may hold a password: never logged
    std::string application = "mds";  ///< as pg_stat_activity shows it, unless the URL says otherwise
    std::chrono::milliseconds connect_timeout{5000};
    /// The server ends a statement that takes longer; 0: never.
    std::chrono::milliseconds statement_timeout{8000};
    /// When the server is taken for gone, if no byte of an answer came.
    std::chrono::milliseconds answer_timeout{9000};
    /// Asked many times a second while we wait for the server; true: give up. Empty: never.
    std::function<bool()> give_up;
};

/// Keywords and values for PQconnectStartParams: what the URL says, and our defaults where it says nothing. Throws
/// std::runtime_error where the URL cannot be read; its text does not quote the URL.
class ConnectParams {
public:
    explicit ConnectParams(ConnectionOptions const& options);
    std::vector<char const*> keys() const;
    std::vector<char const*> values() const;
    /// Several hosts are tried one after the other.
    std::size_t hosts() const noexcept { return hosts_; }

private:
    void add_default(char const* key, std::string value);

    std::vector<std::pair<std::string, std::string>> items_;
    std::size_t hosts_ = 1;
};

/// host:port/database of a URL, for the log: no user, no password.
std::string without_secrets(std::string const& url);

}  // namespace mds::postgres
