#pragma once
// Recorded answers of real providers (tests/support/provider_samples/PROVIDER/CASE.STATUS.EXT), and what each must be read as.

#include <codec/provider_catalogue.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace mds::test {

struct ExpectedRow {
    std::string symbol;
    std::string outcome;
    std::string price;
    std::string timestamp;  ///< "-": the time of receipt
    std::string time_source;
    std::string currency;
    std::string volume;
};

/// One recorded answer, with the rows asked of it in one request.
struct Sample {
    std::string provider;
    std::string file;
    int status = 0;
    std::string body;
    std::vector<ExpectedRow> rows;
};

std::string read_text(std::string const& path);
std::string sample_path(std::string_view file);
/// From a table with the columns provider, file, symbol, outcome, price, timestamp, time_source, currency, volume.
std::vector<Sample> read_samples(std::string const& table);

/// Every recording there is, as PROVIDER/CASE.STATUS.EXT.
std::vector<std::string> all_samples();
/// The program's own sources: every .cpp and .hpp of src and include.
std::vector<std::string> sources();

/// The shipped catalogue with a key for every provider that wants one, merged with further texts. Throws where it is wrong.
codec::Catalogue shipped_catalogue(std::vector<std::string> const& further = {});
codec::ProviderEntry const& entry_of(codec::Catalogue const& catalogue, std::string_view name);

}  // namespace mds::test
