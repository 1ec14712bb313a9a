// A number that tells one block of memory's content from another's.
#pragma once

#include <cstddef>
#include <cstdint>

namespace dvm {

// 64 bits over all bytes, at about the speed of memory. Not against forgery: against a weight that changed unseen.
uint64_t fingerprint(const void* data, size_t bytes);

}  // namespace dvm
