/* SPDX-License-Identifier: BSD-3-Clause */
/* Packets as fuzz targets need them: checksums made right or verified, and the ledger of a lcore.
 */
#ifndef FUZZ_FRAME_H
#define FUZZ_FRAME_H

#include "sl_lcore.h"

/** Makes the checksums of an IP packet right, as far as its lengths allow. */
void fuzz_fix(uint8_t *ip, uint32_t len);

/** @return NULL, or what is wrong with an IP packet that the box sent: lengths, checksums. */
const char *fuzz_check(const uint8_t *ip, uint32_t len);

/** The ledger of sl_net.h; dies where it does not hold. */
void fuzz_ledger(const struct sl_lcore *lc);
/** All counters of packets to zero. */
void fuzz_ledger_clear(struct sl_lcore *lc);

#endif
