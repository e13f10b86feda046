// Runs a fuzz target without libFuzzer: every seed file, then a fixed number of deterministic mutations of each.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size);

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes read(std::filesystem::path const& path) {
    std::ifstream file(path, std::ios::binary);
    return Bytes(std::istreambuf_iterator<char>(file), {});
}

Bytes mutated(Bytes bytes, std::mt19937_64& random) {
    auto const at = [&] { return static_cast<std::size_t>(random() % (bytes.empty() ? 1 : bytes.size())); };
    for (auto n = random() % 4 + 1; n > 0 && !bytes.empty(); --n) {
        switch (random() % 5) {
            case 0: bytes[at()] = static_cast<std::uint8_t>(random()); break;
            case 1: bytes[at()] ^= static_cast<std::uint8_t>(1u << (random() % 8)); break;
            case 2: bytes.erase(bytes.begin() + static_cast<std::ptrdiff_t>(at())); break;
            case 3: bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at()), static_cast<std::uint8_t>(random())); break;
            default: bytes.resize(at());
        }
    }
    return bytes;
}

}  // namespace

int main(int argc, char** argv) {
    constexpr int mutations_per_seed = 2000;
    std::mt19937_64 random(1);
    std::size_t seeds = 0;
    for (int i = 1; i < argc; ++i) {
        for (auto const& entry : std::filesystem::recursive_directory_iterator(argv[i])) {
            if (!entry.is_regular_file()) continue;
            ++seeds;
            Bytes const seed = read(entry.path());
            LLVMFuzzerTestOneInput(seed.data(), seed.size());
            for (int m = 0; m < mutations_per_seed; ++m) {
                Bytes const input = mutated(seed, random);
                LLVMFuzzerTestOneInput(input.data(), input.size());
            }
        }
    }
    std::printf("%zu seeds, %d mutations each\n", seeds, mutations_per_seed);
    return seeds == 0 ? 1 : 0;
}
