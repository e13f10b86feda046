#include "app/file_content.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

namespace mds::app {

std::optional<std::string> content_of(std::string const& path) {
    std::error_code error;
    std::ifstream file(path, std::ios::binary);
    if (!file || std::filesystem::is_directory(path, error)) return std::nullopt;
    return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace mds::app
