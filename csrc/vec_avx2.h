// Eight fp32 lanes: the vector of AVX2, and the half vector of AVX-512.
#pragma once

#include <immintrin.h>

#include "bf16.h"

namespace dvm {
namespace DVM_ISA {

struct F8 {
  static constexpr int width = 8;
  using Int = __m256i;
  using Mask = __m256;
  __m256 v;

  static F8 all(float value) { return {_mm256_set1_ps(value)}; }
  static F8 load(const float* p) { return {_mm256_loadu_ps(p)}; }
  static F8 load(const bf16* p) {
    const __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
    return {_mm256_castsi256_ps(_mm256_slli_epi32(wide, 16))};
  }
  static __m256i first(int n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }
  static F8 load(const float* p, int n) { return {_mm256_maskload_ps(p, first(n))}; }
  static F8 load(const bf16* p, int n) {
    bf16 lanes[width] = {};
    std::memcpy(lanes, p, n * sizeof(bf16));
    return load(lanes);
  }
  void store(float* p) const { _mm256_storeu_ps(p, v); }
  void store(float* p, int n) const { _mm256_maskstore_ps(p, first(n), v); }
#if defined(__AVX512BF16__) && defined(__AVX512VL__)
  void store(bf16* p) const { _mm_storeu_si128(reinterpret_cast<__m128i*>(p), (__m128i)_mm256_cvtneps_pbh(v)); }
#else
  void store(bf16* p) const {
    const __m256i bits = _mm256_castps_si256(v);
    const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    const __m256i rounded = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
    const __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(v, v, _CMP_UNORD_Q));
    const __m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x400000));
    const __m256i high = _mm256_srli_epi32(_mm256_blendv_epi8(rounded, quiet, nan), 16);
    const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(high, high), 0x08);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_castsi256_si128(packed));
  }
#endif
  void store(bf16* p, int n) const {
    bf16 lanes[width];
    store(lanes);
    std::memcpy(p, lanes, n * sizeof(bf16));
  }

  friend F8 operator+(F8 a, F8 b) { return {_mm256_add_ps(a.v, b.v)}; }
  friend F8 operator-(F8 a, F8 b) { return {_mm256_sub_ps(a.v, b.v)}; }
  friend F8 operator*(F8 a, F8 b) { return {_mm256_mul_ps(a.v, b.v)}; }
  friend F8 operator/(F8 a, F8 b) { return {_mm256_div_ps(a.v, b.v)}; }
  static F8 fma(F8 a, F8 b, F8 c) { return {_mm256_fmadd_ps(a.v, b.v, c.v)}; }
  static F8 floor(F8 a) { return {_mm256_floor_ps(a.v)}; }
  static F8 max(F8 a, F8 b) { return {_mm256_max_ps(a.v, b.v)}; }
  static F8 min(F8 a, F8 b) { return {_mm256_min_ps(a.v, b.v)}; }
  static Mask less(F8 a, F8 b) { return _mm256_cmp_ps(a.v, b.v, _CMP_LT_OQ); }
  static Mask equal(F8 a, F8 b) { return _mm256_cmp_ps(a.v, b.v, _CMP_EQ_OQ); }
  static F8 absolute(F8 a) { return {_mm256_andnot_ps(_mm256_set1_ps(-0.0f), a.v)}; }
  static F8 where(Mask m, F8 a, F8 b) { return {_mm256_blendv_ps(b.v, a.v, m)}; }
  static Int integer(F8 a) { return _mm256_cvttps_epi32(a.v); }
  static Int multiply(Int a, int b) { return _mm256_mullo_epi32(a, _mm256_set1_epi32(b)); }
  static Int multiply_add(Int a, int b, Int c) {
    return _mm256_add_epi32(_mm256_mullo_epi32(a, _mm256_set1_epi32(b)), c);
  }
  static Int where(Mask m, Int a, int b) { return _mm256_blendv_epi8(_mm256_set1_epi32(b), a, _mm256_castps_si256(m)); }
  static void store(int32_t* p, Int a) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), a); }
  static F8 scale(F8 a, Int power) {
    return {_mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(a.v), _mm256_slli_epi32(power, 23)))};
  }
  // y0 x0 y1 x1 ... in two vectors -> all y, all x; and back.
  static void split(F8 low, F8 high, F8& y, F8& x) {
    const __m256 ys = _mm256_shuffle_ps(low.v, high.v, 0x88), xs = _mm256_shuffle_ps(low.v, high.v, 0xdd);
    y.v = _mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(ys), 0xd8));
    x.v = _mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(xs), 0xd8));
  }
  static void join(F8 y, F8 x, F8& low, F8& high) {
    const __m256 even = _mm256_unpacklo_ps(y.v, x.v), odd = _mm256_unpackhi_ps(y.v, x.v);
    low.v = _mm256_permute2f128_ps(even, odd, 0x20);
    high.v = _mm256_permute2f128_ps(even, odd, 0x31);
  }
  float sum() const {
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
  }
  // The sums of four vectors at once, which costs little more than one of them.
  static __m128 sums(F8 a, F8 b, F8 c, F8 d) {
    const __m256 quads = _mm256_hadd_ps(_mm256_hadd_ps(a.v, b.v), _mm256_hadd_ps(c.v, d.v));
    return _mm_add_ps(_mm256_castps256_ps128(quads), _mm256_extractf128_ps(quads, 1));
  }
  static void sums(F8 a, F8 b, F8 c, F8 d, float* to) { _mm_storeu_ps(to, sums(a, b, c, d)); }
};

}  // namespace DVM_ISA
}  // namespace dvm
