#pragma once

#include <mds/ports/clock.hpp>
#include <mds/ports/provider.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <variant>

namespace mds::test {

/// Answers what the test wrote: per call the next line of the script, and its last line for ever. Calls on one thread, as the port
/// demands; the counter may be read from any.
class ScriptedProvider final : public PriceProvider {
public:
    /// A price as text, or how the call fails.
    struct Line {
        std::variant<std::string, Outcome> says;
        std::optional<std::chrono::seconds> retry_after;
    };

    ScriptedProvider(std::string name, Clock& clock, Random& random) : clock_(clock), random_(random) {
        traits_.name = std::move(name);
    }

    ProviderTraits& change_traits() noexcept { return traits_; }
    void says(std::string price) { script_.push_back(Line{std::move(price), std::nullopt}); }
    void fails(Outcome outcome, std::optional<std::chrono::seconds> retry_after = {}) {
        script_.push_back(Line{outcome, retry_after});
    }
    /// The provider's time of its quotes; without: the time of receipt.
    void quotes_from(UtcTime time) { quoted_at_ = time; }
    /// Calls do not return before release(). Fetch thread only.
    void hold() { held_ = true; }
    void release() {
        held_ = false;
        for (auto& waiting : waiting_) waiting->cancel();
        waiting_.clear();
    }

    /// What condition() says. Set before anybody asks.
    ProviderCondition shown;

    ProviderCondition condition() const override { return shown; }
    int calls() const noexcept { return calls_.load(); }
    SteadyTime last_deadline() const noexcept { return last_deadline_; }

    ProviderTraits const& traits() const noexcept override { return traits_; }

    Awaitable<FetchAnswer> fetch(std::vector<Symbol> symbols, SteadyTime deadline, FetchCause /*cause*/) override {
        ++calls_;
        last_deadline_ = deadline;
        auto const line = script_.front();
        if (script_.size() > 1) script_.pop_front();
        if (held_) {
            auto const executor = co_await net::this_coro::executor;
            auto const gate = std::make_shared<Gate>(executor, std::chrono::steady_clock::time_point::max());
            waiting_.push_back(gate);
            co_await gate->async_wait(net::as_tuple(net::use_awaitable_t<IoExecutor>()));
        }
        co_return answer(symbols, line);
    }

private:
    using Gate = net::basic_waitable_timer<std::chrono::steady_clock, net::wait_traits<std::chrono::steady_clock>, IoExecutor>;

    FetchAnswer answer(std::vector<Symbol> const& symbols, Line const& line) {
        FetchAnswer answer;
        answer.fetched_at = clock_.now();
        answer.duration = std::chrono::milliseconds(5);
        answer.retry_after = line.retry_after;
        for (auto const& symbol : symbols) {
            if (auto const* const outcome = std::get_if<Outcome>(&line.says)) {
                answer.results.emplace_back(symbol, Reject(*outcome, "scripted"));
            } else {
                Quote quote(Uuid::v7(clock_.now(), random_.next(), random_.next()),
                            *Price::parse(std::get<std::string>(line.says)).price, quoted_at_.value_or(answer.fetched_at),
                            quoted_at_ ? TimeSource::quote : TimeSource::receive);
                answer.results.emplace_back(symbol, std::move(quote));
            }
        }
        bool const silent = line.says == std::variant<std::string, Outcome>(Outcome::timeout);
        if (!silent) {
            answer.answer.emplace();
            answer.answer->http_status = 200;
            answer.answer->body = "{}";
        }
        return answer;
    }

    Clock& clock_;
    Random& random_;
    ProviderTraits traits_;
    std::deque<Line> script_;
    std::optional<UtcTime> quoted_at_;
    bool held_ = false;
    std::vector<std::shared_ptr<Gate>> waiting_;
    std::atomic<int> calls_{0};
    SteadyTime last_deadline_{};
};

/// The providers that the test gave it.
class FakeDirectory final : public ProviderDirectory {
public:
    void add(PriceProvider& provider) { by_name_[provider.traits().name] = &provider; }
    void add_alias(std::string alias, PriceProvider& provider) { aliases_[std::move(alias)] = &provider; }

    PriceProvider* find(std::string_view name) const noexcept override {
        if (auto const found = by_name_.find(name); found != by_name_.end()) return found->second;
        auto const alias = aliases_.find(name);
        return alias == aliases_.end() ? nullptr : alias->second;
    }
    std::vector<std::string> names() const override {
        std::vector<std::string> names;
        for (auto const& [name, provider] : by_name_) names.push_back(name);
        return names;
    }

private:
    std::map<std::string, PriceProvider*, std::less<>> by_name_;
    std::map<std::string, PriceProvider*, std::less<>> aliases_;
};

}  // namespace mds::test
