#include <codec/provider_request.hpp>

#include <algorithm>
#include <charconv>

namespace mds::codec {

namespace {

using std::chrono::seconds;

constexpr seconds longest{3600};

/// A whole number; a fraction behind it is dropped.
std::optional<std::int64_t> number_in(HeadFields fields, std::string_view name) noexcept {
    for (auto const& [field, value] : fields) {
        if (field != name) continue;
        std::int64_t number = 0;
        auto const [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
        bool const whole = error == std::errc() && (end == value.data() + value.size() || *end == '.');
        if (whole) return number;
    }
    return std::nullopt;
}

}  // namespace

std::optional<seconds> read_budget_pause(BudgetFields const& budget, HeadFields fields, UtcTime now) noexcept {
    auto const count = number_in(fields, budget.field);
    bool const spent = count && (budget.counts_used ? *count >= budget.spent : *count <= budget.spent);
    if (!spent) return std::nullopt;
    auto const reset = budget.reset_field.empty() ? std::nullopt : number_in(fields, budget.reset_field);
    if (!reset) return budget.reset;
    auto const today = std::chrono::duration_cast<seconds>(now.time_since_epoch()).count();
    return std::clamp(seconds(budget.reset_is_delay ? *reset : *reset - today), seconds(0), longest);
}

}  // namespace mds::codec
