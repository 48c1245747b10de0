/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packet cases: text files in `cases`, each with several cases. A case begins with "== TITLE" and
 * is played against a box of its own:
 *
 *   conf {                     services and clusters as in sluice.conf, up to a line "}"; without
 *                              one, those of cases/default.conf. `yaml {` likewise.
 *   apply                      conf or yaml above changed: takes it up as the next epoch
 *   in PORT PACKET             a packet comes in; port 0 is the clients' side, 1 the endpoints'
 *   out PORT PACKET            the next packet that went out since; all must be named
 *   left                       the packet was left to the box itself
 *   drop REASON                a packet was dropped for it since the last `in`; all must be named
 *   wait SECONDS               time passes
 *   state CLIENT:PORT STATE    of the session; FREE: there is none
 *   sessions N                 in the table
 *   fails ENDPOINT             its health checks; `recovers` likewise
 *   restart                    the process dies and another takes over the table
 *   unequal $A $B              two variables differ; `equal` likewise
 *   differs REASON             the kernel's own NAT does something else here, and why that is right
 *
 * PACKET: tcp|udp|icmp SOURCE > DESTINATION [WORD...]; addresses and ports may be $VARIABLES, set
 * by the first `out` that has them. Words:
 *
 *   SA         TCP flags of FSRPAU;  seq= ack=  TCP numbers
 *   len= salt= payload bytes and their pattern;  ttl= id= df  as in the IP header
 *   nocsum     UDP without checksum;  badcsum  a wrong one
 *   cut=O+N    in: only a fragment, N bytes from O;  pieces=N  out: came in N fragments
 *   echo=I/N reply=I/N             ICMP echo
 *   type=T/C mtu=  and  quote=PROTO,SOURCE,DESTINATION,BYTES   ICMP errors; with `own` the
 *              quotation is of a packet that the box refused, and not compared byte by byte
 */
#ifndef NAT_CASE_H
#define NAT_CASE_H

#include <stdio.h>

#include "kernel.h"
#include "nat_world.h"
#include "packet.h"

#define CASE_LINES 400
#define CASE_VARS  32

struct nat_case {
	char file[256];
	char title[160];
	int first_line;
	unsigned n;
	char *line[CASE_LINES]; /* heap */
	int number[CASE_LINES];
};

struct var {
	char name[16];
	struct sl_ip ip;
	uint16_t port;
	bool is_ip;
};

/** One case being played. */
struct play {
	const struct nat_case *c;
	unsigned at;           /* line */
	const char *defaults;  /* text of cases/default.conf */
	struct kernel *kernel; /* instead of the box; NULL: the box */
	struct nw *w;
	char *conf, *yaml; /* heap; NULL: none */
	struct var var[CASE_VARS];
	unsigned n_vars;
	struct pk out[64]; /* what came out since the last `in`, fragments joined */
	int out_port[64];
	unsigned n_out, out_at;
	bool left;
	uint64_t drops[SL_DROP_COUNT]; /* since the last `in`, not yet named */
};

/** Fails the test with file and line of the case. */
void case_fail(const struct play *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** Reads the cases of a file. @return how many; the caller frees their lines. */
unsigned case_read(const char *path, struct nat_case *out, unsigned max);

/** Plays one to its end; a cmocka test. */
void case_play(const struct nat_case *c, const char *defaults);

/** Whether the kernel can play it: no configuration of its own, no time, no restart. */
bool case_is_for_kernel(const struct nat_case *c);
/** Why the kernel does something else; NULL: it does the same. */
const char *case_differs(const struct nat_case *c);
/** The same against the kernel: only what goes out counts. */
void case_play_kernel(const struct nat_case *c, struct kernel *kernel);

/* ---- words.c ---- */

/** What a PACKET says; `said` tells which fields were written. */
struct words {
	struct pk p;
	struct {
		bool flags, seq, ack, len, salt, ttl, id, df, nocsum, pieces, type, mtu, echo, own;
	} said;
	uint32_t cut_off, cut_len; /* cut_len 0: whole */
	/* Variables without a value yet: set when the packet is matched. */
	char bind_src[16], bind_sport[16], bind_dst[16], bind_dport[16];
};

void words_read(struct play *p, char *text, struct words *w);
struct var *var_find(struct play *p, const char *name);
void var_set_ip(struct play *p, const char *name, const struct sl_ip *ip);
void var_set_port(struct play *p, const char *name, uint16_t port);

/** "tcp 192.0.2.10:1000 > 10.96.0.10:80 S seq=1 ..." */
char *pk_text(const struct pk *p, char *buf, size_t cap);

/* ---- box.c ---- */

/** Makes a model of what a case writes; NULL: err says why. */
struct sl_model *box_model(const char *conf, const char *yaml, struct sl_nat_config *cfg,
			   struct sl_err *err);
void box_put(struct nw *w, int port, const struct pk_bytes *b);
/** IP packets that went out, fragments joined. @return how many; fails the test when one is bad. */
unsigned box_out(struct nw *w, struct pk *out, struct pk_bytes *bytes, int *port, unsigned max);
unsigned box_out_of_kernel(struct kernel *k, struct pk *out, int *port, unsigned max);

#endif
