#include "support/log.hpp"

#include <spdlog/sinks/null_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <iterator>
#include <utility>

namespace mds::support {
namespace {

using Buffer = fmt::memory_buffer;

spdlog::level::level_enum level_of(LogLevel level) noexcept {
    switch (level) {
        case LogLevel::debug: return spdlog::level::debug;
        case LogLevel::info: return spdlog::level::info;
        case LogLevel::warning: return spdlog::level::warn;
        case LogLevel::error: return spdlog::level::err;
    }
    return spdlog::level::off;
}

std::string_view name_of(LogLevel level) noexcept {
    switch (level) {
        case LogLevel::debug: return "debug";
        case LogLevel::info: return "info";
        case LogLevel::warning: return "warning";
        case LogLevel::error: return "error";
    }
    return "";
}

/// A JSON string. Bytes that are no control characters pass as they are; broken UTF-8 is the sender's.
void append_json(Buffer& out, std::string_view text) {
    out.push_back('"');
    for (char const c : text) {
        if (c == '"' || c == '\\') {
            out.push_back('\\');
            out.push_back(c);
        } else if (static_cast<unsigned char>(c) < 0x20) {
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
        } else {
            out.push_back(c);
        }
    }
    out.push_back('"');
}

void append_text(Buffer& out, std::string_view text) {
    bool const plain = !text.empty() && text.find_first_of(" =\"\n\r\t") == std::string_view::npos;
    if (plain) out.append(text);
    else append_json(out, text);
}

void append_time(Buffer& out) {
    auto const now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    auto const seconds = std::chrono::floor<std::chrono::seconds>(now);
    fmt::format_to(std::back_inserter(out), "{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)),
                   (now - seconds).count());
}

void append_value(Buffer& out, LogField const& field, LogFormat format) {
    if (auto const* text = std::get_if<std::string_view>(&field.value)) {
        format == LogFormat::json ? append_json(out, *text) : append_text(out, *text);
    } else if (auto const* whole = std::get_if<std::int64_t>(&field.value)) {
        fmt::format_to(std::back_inserter(out), "{}", *whole);
    } else if (auto const* number = std::get_if<double>(&field.value)) {
        fmt::format_to(std::back_inserter(out), "{}", *number);
    } else {
        out.append(std::string_view(std::get<bool>(field.value) ? "true" : "false"));
    }
}

}  // namespace

Log::Log(LogLevel level, LogFormat format)
    : sink_(std::make_shared<spdlog::logger>("mds", std::make_shared<spdlog::sinks::stderr_sink_mt>())), format_(format) {
    sink_->set_pattern("%v");
    sink_->set_level(level_of(level));
}

Log::Log(std::shared_ptr<spdlog::logger> sink, LogFormat format) : sink_(std::move(sink)), format_(format) {}

Log Log::silent() {
    auto sink = std::make_shared<spdlog::logger>("mds", std::make_shared<spdlog::sinks::null_sink_mt>());
    sink->set_level(spdlog::level::off);
    return Log(std::move(sink), LogFormat::text);
}

bool Log::enabled(LogLevel level) const noexcept { return sink_->should_log(level_of(level)); }

void Log::write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) const {
    if (!enabled(level)) return;
    Buffer line;
    if (format_ == LogFormat::json) {
        line.append(std::string_view("{\"time\":\""));
        append_time(line);
        fmt::format_to(std::back_inserter(line), "\",\"level\":\"{}\",\"event\":", name_of(level));
        append_json(line, event);
        for (auto const& field : fields) {
            line.push_back(',');
            append_json(line, field.key);
            line.push_back(':');
            append_value(line, field, format_);
        }
        line.push_back('}');
    } else {
        append_time(line);
        fmt::format_to(std::back_inserter(line), " {:7} {}", name_of(level), event);
        for (auto const& field : fields) {
            fmt::format_to(std::back_inserter(line), " {}=", field.key);
            append_value(line, field, format_);
        }
    }
    sink_->log(level_of(level), spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace mds::support
