#include "adapters/postgres/conninfo.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <memory>
#include <stdexcept>

namespace mds::postgres {
namespace {

std::vector<std::pair<std::string, std::string>> parse(std::string const& url) {
    char* complaint = nullptr;
    std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> const options(PQconninfoParse(url.c_str(), &complaint),
                                                                               &PQconninfoFree);
    PQfreemem(complaint);  // may quote the password
    if (!options) throw std::runtime_error("store.url is no PostgreSQL URI or connection string");
    std::vector<std::pair<std::string, std::string>> items;
    for (auto const* option = options.get(); option->keyword != nullptr; ++option)
        if (option->val != nullptr) items.emplace_back(option->keyword, option->val);
    return items;
}

std::string find(std::vector<std::pair<std::string, std::string>> const& items, std::string_view key) {
    for (auto const& [name, value] : items)
        if (name == key) return value;
    return {};
}

}  // namespace

ConnectParams::ConnectParams(ConnectionOptions const& options) : items_(parse(options.url)) {
    std::string const hosts = find(items_, "host");
    hosts_ = 1 + static_cast<std::size_t>(std::ranges::count(hosts, ','));
    // One of several hosts is the primary; a single one is used as it is, so that a read-only server can still be read.
    if (hosts_ > 1) add_default("target_session_attrs", "read-write");
    add_default("application_name", options.application);
    add_default("client_encoding", "UTF8");
    add_default("connect_timeout", std::to_string(std::chrono::ceil<std::chrono::seconds>(options.connect_timeout).count()));
    // A peer that vanished is noticed by what is not acknowledged, or when nothing was sent, by probes: within seconds, not hours.
    add_default("tcp_user_timeout", "5000");
    add_default("keepalives", "1");
    add_default("keepalives_idle", "5");
    add_default("keepalives_interval", "2");
    add_default("keepalives_count", "2");
}

void ConnectParams::add_default(char const* key, std::string value) {
    if (find(items_, key).empty()) items_.emplace_back(key, std::move(value));
}

std::vector<char const*> ConnectParams::keys() const {
    std::vector<char const*> keys;
    for (auto const& item : items_) keys.push_back(item.first.c_str());
    keys.push_back(nullptr);
    return keys;
}

std::vector<char const*> ConnectParams::values() const {
    std::vector<char const*> values;
    for (auto const& item : items_) values.push_back(item.second.c_str());
    values.push_back(nullptr);
    return values;
}

std::string without_secrets(std::string const& url) {
    auto const items = parse(url);
    std::string text = find(items, "host").empty() ? "local" : find(items, "host");
    if (auto const port = find(items, "port"); !port.empty()) text += ":" + port;
    return text + "/" + find(items, "dbname");
}

}  // namespace mds::postgres
