// OpenMP where the compiler has it; one thread where it has not (Apple's clang as it comes).
#pragma once

#ifdef _OPENMP
#include <omp.h>
#else
inline int omp_get_thread_num() { return 0; }
inline int omp_get_num_threads() { return 1; }
#endif
