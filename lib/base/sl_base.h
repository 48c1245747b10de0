/* SPDX-License-Identifier: BSD-3-Clause */
/* Everything of lib/base. */
#ifndef SL_BASE_H
#define SL_BASE_H

#include "sl_clock.h"
#include "sl_drop.h"
#include "sl_error.h"
#include "sl_hash.h"
#include "sl_ip.h"
#include "sl_log.h"
#include "sl_str.h"

#define SL_ARRAY_LEN(a)  (sizeof(a) / sizeof((a)[0]))
#define SL_MIN(a, b)     ((a) < (b) ? (a) : (b))
#define SL_MAX(a, b)     ((a) > (b) ? (a) : (b))
#define SL_CACHE_LINE    64
#define SL_CACHE_ALIGNED __attribute__((aligned(SL_CACHE_LINE)))

#endif
