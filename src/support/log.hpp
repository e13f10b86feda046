#pragma once
// Structured logs: an event name and fields, one line each. Pass a Log& in; nothing here is global.

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

namespace spdlog {
class logger;
}

namespace mds::support {

enum class LogLevel { debug, info, warning, error };
enum class LogFormat { json, text };

/// A key and its value. Views: alive for the call only.
struct LogField {
    std::string_view key;
    std::variant<std::string_view, std::int64_t, double, bool> value;

    LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
    LogField(std::string_view k, char const* v) : key(k), value(std::string_view(v)) {}
    LogField(std::string_view k, std::string const& v) : key(k), value(std::string_view(v)) {}
    LogField(std::string_view k, bool v) : key(k), value(v) {}
    LogField(std::string_view k, double v) : key(k), value(v) {}
    template <class Int>
        requires(std::is_integral_v<Int> && !std::is_same_v<Int, bool>)
    LogField(std::string_view k, Int v) : key(k), value(static_cast<std::int64_t>(v)) {}
};

/// Any thread. Copies share the sink. Count per message, log per batch: a line costs some microseconds.
class Log {
public:
    /// Lines to standard error: JSON, or text for people.
    Log(LogLevel level, LogFormat format);
    /// Lines to a sink of the caller's (tests).
    explicit Log(std::shared_ptr<spdlog::logger> sink, LogFormat format);
    /// Drops everything.
    static Log silent();

    bool enabled(LogLevel level) const noexcept;
    void write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) const;

    void debug(std::string_view event, std::initializer_list<LogField> fields = {}) const { write(LogLevel::debug, event, fields); }
    void info(std::string_view event, std::initializer_list<LogField> fields = {}) const { write(LogLevel::info, event, fields); }
    void warning(std::string_view event, std::initializer_list<LogField> fields = {}) const { write(LogLevel::warning, event, fields); }
    void error(std::string_view event, std::initializer_list<LogField> fields = {}) const { write(LogLevel::error, event, fields); }

private:
    std::shared_ptr<spdlog::logger> sink_;
    LogFormat format_;
};

}  // namespace mds::support
