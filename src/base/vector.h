/* vector.h - may the processor's wide registers be used here? Beside each use stands plain C, which
 * every other machine runs: an arm64 one, and the tests unit/plain/... (DIALTONE_PLAIN_C).
 */
#ifndef DT_BASE_VECTOR_H
#define DT_BASE_VECTOR_H

#ifndef DIALTONE_PLAIN_C
#ifdef __SSE2__
#define VECTOR_SSE2
#include <emmintrin.h>
#endif
#ifdef __x86_64__ /* for functions with target("avx2"), where the processor says that it has it */
#define VECTOR_AVX2
#include <immintrin.h>
#endif
#endif

#endif
