/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A worker with L4 services between two fake ports: packets in, packets out, every checksum of
 * what comes out recomputed, the packet ledger checked behind each packet.
 */
#ifndef NAT_WORLD_H
#define NAT_WORLD_H

#include "../net/fixture.h"
#include "sl_nat.h"
#include "sl_snap_build.h"
#include "sl_steer.h"

/*
 * Clients are on port 0 (192.0.2.10, 192.0.2.11, 2001:db8:1::10), endpoints on port 1. Services:
 * VIP web, VIP dns (UDP), node port 30080 -> web; LISTENER -> a listener of ours; NONE refused;
 * EMPTY without a healthy endpoint; VIP6 and its node port -> web6; VIP64 -> web and dns, which
 * are IPv4.
 */
#define VIP      "10.96.0.10"
#define LISTENER "10.96.0.20"
#define NONE     "10.96.0.30"
#define EMPTY    "10.96.0.40"
#define KEPT     "10.96.0.50" /* its endpoint sees the client's own address */
#define VIP6     "2001:db8:96::10"
#define VIP64    "2001:db8:96::64"
#define CLIENT   "192.0.2.10"
#define CLIENT2  "192.0.2.11"
#define CLIENT6  "2001:db8:1::10"
#define WEB1     "10.10.0.11"
#define WEB2     "10.10.0.12"
#define DNS      "10.10.0.53"
#define WEB6     "2001:db8:2::11"
#define OWN      "10.10.0.1" /* our address towards the endpoints */
#define OWN6     "2001:db8:2::1"

struct nw {
	struct fx *fx;
	struct sl_nat *nat;
	struct sl_nat_config cfg;
	struct sl_model *model;
	struct sl_snap *snap;
	struct sl_snap_cache *cache;
	struct sl_health_table *health;
	unsigned left; /* packets that stayed in the burst */
	struct sl_pkt last_left;
	struct sl_pkt sent; /* metadata of the last packet handed to nat, as it was before */
};

struct nw *nw_start(uint32_t rows);
/** The same with services of one's own (NULL: those); the model is the world's then. */
struct nw *nw_start_with(uint32_t rows, struct sl_model *model, const struct sl_nat_config *cfg);
/** Takes up another model as the next epoch. */
void nw_change(struct nw *w, struct sl_model *model);
/** The box learns the MAC of a host on a port. */
void nw_know(struct nw *w, int port, const char *ip);
void nw_stop(struct nw *w);
int nw_setup(void **state); /* 64 rows */
int nw_teardown(void **state);

/** Builds the changed model as the next epoch and takes it up. */
void nw_epoch(struct nw *w);
/** What checks found out about an endpoint, in every cluster that has it. @return false: none. */
bool nw_set_health(struct nw *w, const struct sl_ip_port *at, bool failed);
/** The instance dies and another takes over its rows (and new counters). */
void nw_restart(struct nw *w);
/** Time passes; timers run. */
void nw_pass_s(struct nw *w, unsigned seconds);

struct seg {
	int port; /* it comes in on */
	const char *src, *dst;
	uint16_t sport, dport;
	uint8_t proto; /* 0: TCP */
	uint8_t flags; /* TCP */
	uint8_t ttl;   /* 0: 64 */
	bool df;
	bool no_csum; /* UDP */
	uint32_t len; /* payload */
	uint32_t seq, ack;
};

/** Puts one packet through all stages; what came out before is forgotten. */
void nw_send(struct nw *w, const struct seg *s);
/** The same with a finished frame. */
void nw_frame(struct nw *w, int port, const void *frame, uint32_t len);
/** Transport header and payload of a segment, checksum filled in. */
void nw_l4(struct buf *out, const struct seg *s);

/** A packet that came out; all its checksums were found right. */
struct got {
	uint16_t port;
	struct sl_ip src, dst;
	uint16_t sport, dport;
	uint8_t proto, flags, ttl;
	uint32_t seq, ack, len; /* len: payload */
	const uint8_t *l4;
	uint32_t l4_len;
};
struct got nw_got(const struct nw *w, unsigned i);
/** Exactly one packet came out, with these addresses; sport 0: any. */
struct got nw_only(const struct nw *w, int port, const char *src, uint16_t sport, const char *dst,
		   uint16_t dport);
void nw_nothing(const struct nw *w);

/** Opens a session as a client: SYN to VIP web. @return source port towards the endpoint. */
struct got nw_syn(struct nw *w, const char *client, uint16_t sport);
/** The whole handshake. @return what the endpoint saw of the SYN. */
struct got nw_open(struct nw *w, const char *client, uint16_t sport);
/** A segment from the endpoint back to whom it saw. */
void nw_answer(struct nw *w, const struct got *seen, uint8_t flags, uint32_t len);

uint32_t nw_state(const struct nw *w, const char *client, uint16_t sport);
uint64_t nw_drops(const struct nw *w, enum sl_drop reason);

#endif
