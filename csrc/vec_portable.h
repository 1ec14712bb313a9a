// The vector type of compilers and processors without a hand-written one: four lanes in an array, whose loops every
// optimiser turns into SSE2, NEON or whatever it has.
#pragma once

#include <cmath>

#include "bf16.h"

namespace dvm {
namespace DVM_ISA {

struct F4 {
  static constexpr int width = 4;
  struct Int {
    int32_t v[width];
  };
  struct Mask {
    bool v[width];
  };
  float v[width];

  template <class Function>
  static F4 lanes(Function&& function) {
    F4 result;
    for (int i = 0; i < width; ++i) result.v[i] = function(i);
    return result;
  }
  static F4 all(float value) {
    return lanes([=](int) { return value; });
  }
  template <class T>
  static F4 load(const T* p) {
    return lanes([=](int i) { return to_float(p[i]); });
  }
  template <class T>
  static F4 load(const T* p, int n) {
    return lanes([=](int i) { return i < n ? to_float(p[i]) : 0.0f; });
  }
  template <class T>
  void store(T* p) const {
    for (int i = 0; i < width; ++i) put(p + i, v[i]);
  }
  template <class T>
  void store(T* p, int n) const {
    for (int i = 0; i < n; ++i) put(p + i, v[i]);
  }

  friend F4 operator+(F4 a, F4 b) {
    return lanes([&](int i) { return a.v[i] + b.v[i]; });
  }
  friend F4 operator-(F4 a, F4 b) {
    return lanes([&](int i) { return a.v[i] - b.v[i]; });
  }
  friend F4 operator*(F4 a, F4 b) {
    return lanes([&](int i) { return a.v[i] * b.v[i]; });
  }
  friend F4 operator/(F4 a, F4 b) {
    return lanes([&](int i) { return a.v[i] / b.v[i]; });
  }
  static F4 fma(F4 a, F4 b, F4 c) { return a * b + c; }
  static F4 floor(F4 a) {
    return lanes([&](int i) { return std::floor(a.v[i]); });
  }
  static F4 max(F4 a, F4 b) {
    return lanes([&](int i) { return a.v[i] > b.v[i] ? a.v[i] : b.v[i]; });
  }
  static F4 min(F4 a, F4 b) {
    return lanes([&](int i) { return a.v[i] < b.v[i] ? a.v[i] : b.v[i]; });
  }
  static Mask less(F4 a, F4 b) {
    Mask result;
    for (int i = 0; i < width; ++i) result.v[i] = a.v[i] < b.v[i];
    return result;
  }
  static Mask equal(F4 a, F4 b) {
    Mask result;
    for (int i = 0; i < width; ++i) result.v[i] = a.v[i] == b.v[i];
    return result;
  }
  static F4 absolute(F4 a) {
    return lanes([&](int i) { return std::fabs(a.v[i]); });
  }
  static F4 where(Mask m, F4 a, F4 b) {
    return lanes([&](int i) { return m.v[i] ? a.v[i] : b.v[i]; });
  }
  static Int integer(F4 a) {
    Int result;
    // Of NaN and what does not fit, any integer will do; the conversion itself would be undefined.
    for (int i = 0; i < width; ++i) result.v[i] = std::fabs(a.v[i]) < 2e9f ? int32_t(a.v[i]) : 0;
    return result;
  }
  static Int multiply(Int a, int b) {
    for (int& one : a.v) one *= b;
    return a;
  }
  static Int multiply_add(Int a, int b, Int c) {
    for (int i = 0; i < width; ++i) a.v[i] = a.v[i] * b + c.v[i];
    return a;
  }
  static Int where(Mask m, Int a, int b) {
    for (int i = 0; i < width; ++i) a.v[i] = m.v[i] ? a.v[i] : b;
    return a;
  }
  static void store(int32_t* p, Int a) { std::memcpy(p, a.v, sizeof a.v); }
  static F4 scale(F4 a, Int power) {
    return lanes([&](int i) { return std::ldexp(a.v[i], power.v[i]); });
  }
  static void split(F4 low, F4 high, F4& y, F4& x) {
    y = lanes([&](int i) { return i < 2 ? low.v[2 * i] : high.v[2 * i - 4]; });
    x = lanes([&](int i) { return i < 2 ? low.v[2 * i + 1] : high.v[2 * i - 3]; });
  }
  static void join(F4 y, F4 x, F4& low, F4& high) {
    low = lanes([&](int i) { return i % 2 ? x.v[i / 2] : y.v[i / 2]; });
    high = lanes([&](int i) { return i % 2 ? x.v[2 + i / 2] : y.v[2 + i / 2]; });
  }
  float sum() const { return (v[0] + v[1]) + (v[2] + v[3]); }
  static void sums(F4 a, F4 b, F4 c, F4 d, float* to) {
    to[0] = a.sum();
    to[1] = b.sum();
    to[2] = c.sum();
    to[3] = d.sum();
  }
};

}  // namespace DVM_ISA
}  // namespace dvm
