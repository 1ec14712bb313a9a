// Sixteen fp32 lanes: the vector of AVX-512.
#pragma once

#include "vec_avx2.h"

namespace dvm {
namespace DVM_ISA {

struct F16 {
  static constexpr int width = 16;
  using Int = __m512i;
  using Mask = __mmask16;
  __m512 v;

  static F16 all(float value) { return {_mm512_set1_ps(value)}; }
  static Mask first(int n) { return Mask((1u << n) - 1); }
  static F16 load(const float* p) { return {_mm512_loadu_ps(p)}; }
  static F16 load(const float* p, int n) { return {_mm512_maskz_loadu_ps(first(n), p)}; }
  static F16 widen(__m256i half) { return {_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16))}; }
  static F16 load(const bf16* p) { return widen(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))); }
  static F16 load(const bf16* p, int n) { return widen(_mm256_maskz_loadu_epi16(first(n), p)); }
  void store(float* p) const { _mm512_storeu_ps(p, v); }
  void store(float* p, int n) const { _mm512_mask_storeu_ps(p, first(n), v); }
  __m256i narrow() const {
#if defined(__AVX512BF16__)
    return (__m256i)_mm512_cvtneps_pbh(v);
#else
    const __m512i bits = _mm512_castps_si512(v);
    const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    const __m512i rounded = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
    const Mask nan = _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q);
    const __m512i fit = _mm512_mask_or_epi32(rounded, nan, bits, _mm512_set1_epi32(0x400000));
    return _mm512_cvtepi32_epi16(_mm512_srli_epi32(fit, 16));
#endif
  }
  void store(bf16* p) const { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), narrow()); }
  void store(bf16* p, int n) const { _mm256_mask_storeu_epi16(p, first(n), narrow()); }

  friend F16 operator+(F16 a, F16 b) { return {_mm512_add_ps(a.v, b.v)}; }
  friend F16 operator-(F16 a, F16 b) { return {_mm512_sub_ps(a.v, b.v)}; }
  friend F16 operator*(F16 a, F16 b) { return {_mm512_mul_ps(a.v, b.v)}; }
  friend F16 operator/(F16 a, F16 b) { return {_mm512_div_ps(a.v, b.v)}; }
  static F16 fma(F16 a, F16 b, F16 c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
  static F16 floor(F16 a) { return {_mm512_roundscale_ps(a.v, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC)}; }
  static F16 max(F16 a, F16 b) { return {_mm512_max_ps(a.v, b.v)}; }
  static F16 min(F16 a, F16 b) { return {_mm512_min_ps(a.v, b.v)}; }
  static Mask less(F16 a, F16 b) { return _mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ); }
  static Mask equal(F16 a, F16 b) { return _mm512_cmp_ps_mask(a.v, b.v, _CMP_EQ_OQ); }
  static F16 absolute(F16 a) { return {_mm512_abs_ps(a.v)}; }
  static F16 where(Mask m, F16 a, F16 b) { return {_mm512_mask_blend_ps(m, b.v, a.v)}; }
  static Int integer(F16 a) { return _mm512_cvttps_epi32(a.v); }
  static Int multiply(Int a, int b) { return _mm512_mullo_epi32(a, _mm512_set1_epi32(b)); }
  static Int multiply_add(Int a, int b, Int c) {
    return _mm512_add_epi32(_mm512_mullo_epi32(a, _mm512_set1_epi32(b)), c);
  }
  static Int where(Mask m, Int a, int b) { return _mm512_mask_blend_epi32(m, _mm512_set1_epi32(b), a); }
  static void store(int32_t* p, Int a) { _mm512_storeu_si512(p, a); }
  static F16 scale(F16 a, Int power) {
    return {_mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(a.v), _mm512_slli_epi32(power, 23)))};
  }
  static void split(F16 low, F16 high, F16& y, F16& x) {
    const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    y.v = _mm512_permutex2var_ps(low.v, even, high.v);
    x.v = _mm512_permutex2var_ps(low.v, _mm512_add_epi32(even, _mm512_set1_epi32(1)), high.v);
  }
  static void join(F16 y, F16 x, F16& low, F16& high) {
    const __m512i first = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    low.v = _mm512_permutex2var_ps(y.v, first, x.v);
    high.v = _mm512_permutex2var_ps(y.v, _mm512_add_epi32(first, _mm512_set1_epi32(8)), x.v);
  }
  F8 fold() const { return {_mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1))}; }
  float sum() const { return fold().sum(); }
  static void sums(F16 a, F16 b, F16 c, F16 d, float* to) { F8::sums(a.fold(), b.fold(), c.fold(), d.fold(), to); }
};

}  // namespace DVM_ISA
}  // namespace dvm
