// The memory that a kernel's threads work in.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <new>

#include "huge_pages.h"

namespace dvm {
namespace DVM_ISA {

inline int64_t round_up(int64_t value, int64_t to) { return (value + to - 1) / to * to; }
inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

// One block of memory for all threads, taken before they start so that its failure can be thrown.
class Scratch {
 public:
  Scratch(int threads, int64_t bytes_each) : each_(round_up(bytes_each, 4096)) {
    memory_ = static_cast<char*>(std::aligned_alloc(4096, size_t(each_) * threads));
    if (memory_ == nullptr) throw std::bad_alloc();
    prefer_huge_pages(memory_, size_t(each_) * threads);
  }
  ~Scratch() { std::free(memory_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  char* of(int thread) const { return memory_ + each_ * thread; }

 private:
  int64_t each_;
  char* memory_;
};

// Hands out a thread's memory piece by piece, each on its own cache lines.
class Carver {
 public:
  explicit Carver(char* memory) : begin_(memory) {}
  template <class T>
  T* take(int64_t count) {
    T* piece = begin_ ? reinterpret_cast<T*>(begin_ + used_) : nullptr;
    used_ += round_up(count * int64_t(sizeof(T)), 64);
    return piece;
  }
  int64_t used() const { return used_; }

 private:
  char* begin_;  // null while only the size is asked for
  int64_t used_ = 0;
};

}  // namespace DVM_ISA
}  // namespace dvm
