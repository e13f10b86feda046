#pragma once
// A provider as data: what its catalogue entry says once it is read and checked. docs/providers.md describes the language.

#include <codec/provider_path.hpp>
#include <codec/provider_predicate.hpp>
#include <codec/provider_symbol.hpp>
#include <codec/provider_time.hpp>
#include <mds/domain/outcome.hpp>
#include <mds/domain/quota.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mds::codec {

/// A credential by reference. `value` is empty while the environment lacks `variable`.
struct Secret {
    std::string name;      ///< as in "{secret.NAME}"
    std::string variable;  ///< environment variable
    std::optional<std::string> value;
};

/// A conclusion from what the answer says. Ordered lists of these are tried from the top; the first that holds decides.
struct ErrorRule {
    Predicate when;
    Outcome outcome = Outcome::unclassified_error;
    std::optional<Path> reason;                       ///< the provider's own words
    std::optional<Path> offender;                     ///< text that names the symbol which spoilt the batch ...
    std::string offender_after;                       ///< ... behind these words
    std::optional<std::chrono::seconds> retry_after;  ///< where the provider sends no Retry-After
};

enum class JsonShape { any, object, array, string, number };

/// What every success has and no error has.
struct Envelope {
    Path path;
    JsonShape shape = JsonShape::any;
};

/// Price, time and volume of one event. They are taken together or not at all: a price with another event's time is a lie.
struct ValueGroup {
    Path price;
    std::optional<TimeField> time;     ///< none: the provider gives no time
    bool time_may_be_absent = false;   ///< true: the time of receipt stands in, and is marked
    std::optional<Path> volume;
};

/// A constant power of ten on the price, e.g. -2 where a currency is quoted in its hundredth.
struct ScaleRule {
    std::optional<Predicate> when;  ///< none: always
    int power_of_ten = 0;
    std::string currency;           ///< the currency after scaling; empty: as it is
};

/// One shape of answer: how to know it, and where it has what. A provider may answer a batch in another shape than a single symbol
/// (Twelve Data): the request decides which applies. Shapes of other end points are told from it by their envelope alone.
struct AnswerShape {
    std::optional<Envelope> success;
    Path row;                                        ///< where a symbol's row is; empty: the whole answer
    Outcome row_absent = Outcome::malformed;         ///< what it means that it is not there
    std::vector<ErrorRule> row_errors;
    std::vector<ValueGroup> values;                  ///< alternatives, the first that is complete counts
    std::vector<std::pair<Path, Template>> echo;     ///< where the row names the instrument, and what it must say
    std::optional<Path> currency;
    Template currency_text;                          ///< where no path says it
    std::vector<ScaleRule> scale;

    /// True where each symbol has values of its own: whatever is read depends on the symbol.
    bool tells_apart() const;
};

struct RequestTemplate {
    std::string path;                                          ///< with placeholders, appended to the base URL
    std::vector<std::pair<std::string, std::string>> query;    ///< in order; values with placeholders
    std::vector<std::pair<std::string, std::string>> headers;  ///< values with placeholders
};

enum class BatchJoin { text, json_array };

/// Header fields in which a provider says what is left of its quota.
struct BudgetFields {
    std::string field;       ///< a whole number
    std::int64_t spent = 0;  ///< so many or fewer are left ...
    bool counts_used = false;  ///< ... or, where the field counts what was used: so many or more
    std::string reset_field;   ///< when it is whole again; empty: nobody says
    bool reset_is_delay = false;                 ///< in seconds from now; otherwise a Unix time in seconds
    std::chrono::seconds reset{60};              ///< without a field that says so
};

enum class SamePart { none, base, quote };

/// Several symbols in one request.
struct BatchForm {
    std::size_t max = 1;
    BatchJoin join = BatchJoin::text;
    std::string joiner = ",";
    SamePart same = SamePart::none;  ///< what all symbols of a batch must have in common
    RequestTemplate request;
    AnswerShape answer;
};

struct ProviderEntry {
    std::string name;
    std::vector<std::string> aliases;
    std::string base_url;  ///< scheme, host, optional port and path prefix; no trailing slash
    std::vector<Secret> secrets;
    SymbolSpelling spelling;
    RequestTemplate request;
    AnswerShape answer;
    std::optional<BatchForm> batch;
    std::vector<AnswerShape> also;         ///< shapes of the provider's other end points; each has an envelope
    std::vector<std::string> csv_columns;  ///< not empty: an answer is CSV, and its first line names at least these
    std::vector<ErrorRule> errors;
    std::vector<QuotaWindow> quota;        ///< all of them hold at once
    std::optional<BudgetFields> budget;
    std::optional<std::chrono::seconds> back_off;  ///< after a refusal that says no time of its own
    bool zero_means_unknown = false;

    /// The first variable that is needed and not set; empty: ready to be asked.
    std::string missing_secret() const;
};

}  // namespace mds::codec
