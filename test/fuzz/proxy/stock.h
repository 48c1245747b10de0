/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages that a fuzzer would take long to find: right ones, and those that attacks are made of.
 */
#ifndef STOCK_H
#define STOCK_H

#include <stdbool.h>
#include <stddef.h>

#define STOCK_MAX 4096

/**
 * Writes message `which` (modulo their number). Each '%' becomes a digit of `serial`, so that two
 * copies of one differ in target and content.
 *
 * @return Bytes, at most STOCK_MAX.
 */
size_t stock_message(bool answer, unsigned int which, unsigned int serial, char *out);

#endif
