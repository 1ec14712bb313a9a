#include "fingerprint.h"

#include <cstring>

namespace dvm {

uint64_t fingerprint(const void* data, size_t bytes) {
  // Polynomials over 64-bit words in eight interleaved lanes: independent multiplications keep the processor busy.
  constexpr uint64_t base = 0x9e3779b97f4a7c15;
  constexpr size_t lanes = 8, block = lanes * sizeof(uint64_t);
  uint64_t sums[lanes] = {1, 2, 3, 4, 5, 6, 7, 8}, words[lanes];
  const char* from = static_cast<const char*>(data);
  for (; bytes >= block; bytes -= block, from += block) {
    std::memcpy(words, from, block);
    for (size_t i = 0; i < lanes; ++i) sums[i] = sums[i] * base + words[i];
  }
  std::memset(words, 0, block);
  std::memcpy(words, from, bytes);
  uint64_t result = bytes;
  for (size_t i = 0; i < lanes; ++i) {
    sums[i] = sums[i] * base + words[i];
    result = (result ^ sums[i] ^ (sums[i] >> 29)) * base;
  }
  return result ^ (result >> 32);
}

}  // namespace dvm
