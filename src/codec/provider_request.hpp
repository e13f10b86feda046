#pragma once
// The request that a catalogue entry describes, and what keeps its secrets out of everything that is stored or shown.

#include <codec/provider_entry.hpp>

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mds::codec {

/// A GET. Both parts hold secrets: mask before showing.
struct ProviderRequest {
    std::string url;
    std::vector<std::pair<std::string, std::string>> headers;
};

/// nullopt where the provider has no spelling for one of the symbols. Precondition: no secret is missing; one symbol, or a batch
/// form with room for all.
std::optional<ProviderRequest> make_request(ProviderEntry const& entry, std::span<Symbol const> symbols);

/// Everything but RFC 3986's unreserved characters as %XX.
std::string percent_encoded(std::string_view text);

/// Replaces every occurrence of every secret, also percent-encoded or escaped as JSON writers do, by "***".
class SecretMask {
public:
    SecretMask() = default;
    explicit SecretMask(std::span<Secret const> secrets);

    std::string masked(std::string_view text) const;
    /// Of a body that was cut: also the beginning of a secret at its very end.
    std::string masked_cut(std::string_view text) const;

private:
    std::vector<std::string> needles_;  ///< longest first
};

/// Retry-After (RFC 9110, 10.2.3): seconds, or an HTTP date in any of the three forms of 5.6.7. Clamped to 0 s - 1 h, a fraction is
/// rounded up, what lies in the past is 0 s. nullopt where it is none of these: as if there were no such header.
std::optional<std::chrono::seconds> read_retry_after(std::string_view text, UtcTime now) noexcept;

/// The fields of an answer's head that tell how much is left: name and value.
using HeadFields = std::span<std::pair<std::string, std::string> const>;

/// How long a provider is to be left alone because its budget is spent; nullopt where some is left, or nobody says. 0 s - 1 h.
std::optional<std::chrono::seconds> read_budget_pause(BudgetFields const& budget, HeadFields fields, UtcTime now) noexcept;

}  // namespace mds::codec
