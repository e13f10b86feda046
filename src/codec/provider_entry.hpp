#pragma once
// A provider as data: what its catalogue entry says once it is read and checked. docs/providers.md describes the language.

#include <codec/provider_path.hpp>
#include <codec/provider_predicate.hpp>
#include <codec/provider_symbol.hpp>
#include <codec/provider_time.hpp>
#include <mds/domain/outcome.hpp>

#include <chrono>
#include <cstddef>
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

/// What may be asked about one shape of answer. A batch may be answered in another shape than a single symbol (Twelve Data): the
/// request decides which applies, never the answer.
struct AnswerShape {
    std::optional<Envelope> success;
    Path row;                                  ///< where a symbol's row is; empty: the whole answer
    Outcome row_absent = Outcome::malformed;   ///< what it means that it is not there
};

struct RequestTemplate {
    std::string path;                                          ///< with placeholders, appended to the base URL
    std::vector<std::pair<std::string, std::string>> query;    ///< in order; values with placeholders
    std::vector<std::pair<std::string, std::string>> headers;  ///< values with placeholders
};

enum class BatchJoin { text, json_array };

/// Several symbols in one request.
struct BatchForm {
    std::size_t max = 1;
    BatchJoin join = BatchJoin::text;
    std::string joiner = ",";
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
    std::vector<ErrorRule> errors;
    std::vector<ErrorRule> row_errors;
    std::vector<ValueGroup> values;                  ///< alternatives, the first that is complete counts
    std::vector<std::pair<Path, Template>> echo;     ///< where the row names the instrument, and what it must say
    std::optional<Path> currency;
    Template currency_text;                          ///< where no path says it
    std::vector<ScaleRule> scale;
    bool zero_means_unknown = false;

    /// The first variable that is needed and not set; empty: ready to be asked.
    std::string missing_secret() const;
};

}  // namespace mds::codec
