/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kernel's own NAT in the box's place: packets are put on the far ends of its two links and
 * taken from there. test/nat/oracle makes the namespaces, links and rules.
 */
#ifndef NAT_KERNEL_H
#define NAT_KERNEL_H

#include "packet.h"

struct kernel;

/** @param peers Namespace of the far ends, "client" and "backend". NULL: errno says why. */
struct kernel *kernel_open(const char *peers);
void kernel_close(struct kernel *k);

/** Forgets every connection. */
void kernel_flush(struct kernel *k);

void kernel_put(struct kernel *k, int port, const struct pk_bytes *b);

/** IP packets that came out, until nothing has for a while. @return how many. */
unsigned kernel_take(struct kernel *k, struct pk_bytes *out, int *port, unsigned max);

#endif
