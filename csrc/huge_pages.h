// Fresh memory in huge pages: with small ones, the system's work on first touch costs more than writing the numbers.
#pragma once

#include <cstddef>

namespace dvm {

// Advice only, on the whole huge pages inside of the memory; where it is refused, nothing changes but the speed.
void prefer_huge_pages(void* memory, size_t bytes);

}  // namespace dvm
