// bfloat16 in memory, float32 in registers.
#pragma once

#include <cstdint>
#include <cstring>

namespace dvm {
namespace DVM_ISA {

struct bf16 {
  uint16_t bits;
};

inline float to_float(float value) { return value; }

inline float to_float(bf16 value) {
  const uint32_t bits = uint32_t(value.bits) << 16;
  float result;
  std::memcpy(&result, &bits, sizeof result);
  return result;
}

inline void put(float* to, float value) { *to = value; }

// Round to nearest even; NaN stays NaN instead of rounding up to infinity.
inline void put(bf16* to, float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  const bool nan = value != value;
  to->bits = uint16_t(nan ? (bits >> 16) | 0x40 : (bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

}  // namespace DVM_ISA
}  // namespace dvm
