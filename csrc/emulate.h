// Runs a CUDA kernel's body on the CPU, made to fail where it is wrong. See block.h.
#pragma once

#include <algorithm>
#include <cstring>
#include <functional>
#include <memory>
#include <numeric>
#include <random>
#include <vector>

#include "block.h"

namespace dvm {

class EmulatedBlock {
 public:
  EmulatedBlock(int64_t index, const Launch& launch) : index_(index), order_(launch.threads), random_(unsigned(index)) {
    std::iota(order_.begin(), order_.end(), 0);
    // Exactly as many bytes as were asked for, so that a sanitizer sees the end; all ones is NaN and index -1.
    shared_.reset(new char[size_t(launch.shared_bytes)]);
    std::memset(shared_.get(), 0xff, size_t(launch.shared_bytes));
  }

  int64_t index() const { return index_; }
  int threads() const { return int(order_.size()); }
  char* shared() const { return shared_.get(); }

  template <class Phase>
  void each(Phase phase) {
    phases_.emplace_back(phase);
  }

  template <class T>
  class Local {
   public:
    explicit Local(const EmulatedBlock& block) : values_(size_t(block.threads())) {
      std::memset(static_cast<void*>(values_.data()), 0xff, values_.size() * sizeof(T));
    }
    T& of(int thread) { return values_[size_t(thread)]; }

   private:
    std::vector<T> values_;
  };

  void sync() {
    std::shuffle(order_.begin(), order_.end(), random_);
    for (int thread : order_) {
      for (const auto& phase : phases_) phase(thread);
    }
    phases_.clear();
  }

 private:
  int64_t index_;
  std::vector<int> order_;
  std::mt19937 random_;
  std::unique_ptr<char[]> shared_;
  std::vector<std::function<void(int)>> phases_;
};

struct Emulator {
  template <class Body>
  void operator()(const Body& body, const Launch& launch) const {
    for (int64_t i = 0; i < launch.blocks; ++i) {
      EmulatedBlock block(i, launch);
      body(block);
    }
  }
};

}  // namespace dvm
