#include <support/provider_samples.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

namespace mds::test {

namespace {

std::vector<std::string> cells_of(std::string const& line) {
    std::vector<std::string> cells;
    std::istringstream in(line);
    for (std::string cell; std::getline(in, cell, '\t');) cells.push_back(cell);
    cells.resize(9);
    return cells;
}

int status_of(std::string const& file) {
    auto const extension = file.rfind('.');
    return std::stoi(file.substr(file.rfind('.', extension - 1) + 1));
}

}  // namespace

std::string read_text(std::string const& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error("cannot read " + path);
    return std::string(std::istreambuf_iterator<char>(file), {});
}

std::string sample_path(std::string_view file) {
    return std::string(MDS_SOURCE_DIR "/tests/support/provider_samples/") + std::string(file);
}

std::vector<Sample> read_samples(std::string const& table) {
    std::vector<Sample> samples;
    std::istringstream lines(read_text(sample_path(table)));
    std::string line;
    std::getline(lines, line);  // column names
    while (std::getline(lines, line)) {
        auto const cell = cells_of(line);
        if (samples.empty() || samples.back().provider != cell[0] || samples.back().file != cell[1]) {
            samples.push_back({cell[0], cell[1], status_of(cell[1]), read_text(sample_path(cell[1])), {}});
        }
        samples.back().rows.push_back({cell[2], cell[3], cell[4], cell[5], cell[6], cell[7], cell[8]});
    }
    return samples;
}

std::vector<std::string> all_samples() {
    std::vector<std::string> files;
    auto const root = std::filesystem::path(sample_path(""));
    for (auto const& at : std::filesystem::recursive_directory_iterator(root)) {
        auto const file = std::filesystem::relative(at.path(), root);
        if (at.is_regular_file() && file.has_parent_path()) files.push_back(file.string());
    }
    return files;
}

std::vector<std::string> sources() {
    std::vector<std::string> files;
    for (auto const* folder : {"src", "include"}) {
        for (auto const& at : std::filesystem::recursive_directory_iterator(std::filesystem::path(MDS_SOURCE_DIR) / folder)) {
            if (at.path().extension() == ".cpp" || at.path().extension() == ".hpp") files.push_back(at.path().string());
        }
    }
    return files;
}

codec::Catalogue shipped_catalogue(std::vector<std::string> const& further) {
    std::vector<codec::CatalogueText> texts{{"providers.json", read_text(MDS_SOURCE_DIR "/config/providers.json")}};
    for (auto const& text : further) texts.push_back({"further", text});
    auto const environment = [](std::string const& variable) { return std::optional<std::string>("secret of " + variable); };
    auto catalogue = codec::read_catalogue(texts, environment);
    if (catalogue.has_error()) throw std::runtime_error(catalogue.error().front().path + " " + catalogue.error().front().message);
    return std::move(*catalogue);
}

codec::ProviderEntry const& entry_of(codec::Catalogue const& catalogue, std::string_view name) {
    for (auto const& entry : catalogue.providers) {
        if (entry.name == name) return entry;
    }
    throw std::runtime_error("no entry " + std::string(name));
}

}  // namespace mds::test
