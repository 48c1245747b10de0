/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of the fuzz target `stack` share: the box under test, the peers around it, and
 * the frames that go between them.
 */
#ifndef STACK_H
#define STACK_H

#include "../../protocol/pkt.h"
#include "../../unit/proxy/config.h"
#include "../support/bytes.h"
#include "../support/frame.h"

#include "sl_worker.h"

/* Port 0: clients, untagged. Port 1: endpoints, VLAN 7 on the same device. */
#define VLAN      7
#define HIST      32768u
#define FRAME_MAX 2100

/** One TCP connection as its peer knows it. */
struct flow {
	struct sl_ip peer, ours;
	uint16_t peer_port, our_port;
	uint16_t port;    /* of the box */
	uint32_t next;    /* peer's next sequence number */
	uint32_t seen;    /* behind the last byte the box has sent */
	uint32_t una;     /* last number acknowledged */
	bool live;        /* the box has sent a SYN */
	bool fin;         /* the box has sent FIN */
	bool ts;          /* timestamps agreed on */
	bool own;         /* the other end is the stack, not a session of L4 */
	uint8_t wscale;   /* of windows the box tells */
	uint32_t ts_val;  /* peer's clock */
	uint32_t ts_ecr;  /* last of the box */
	uint32_t edge[2]; /* right edge of the window the box told: with wscale, and without */
	bool edge_known, hist_known;
	uint32_t hist_from, hist_to;
	uint8_t hist[HIST]; /* bytes the box has sent, by number */
	uint8_t last[128];  /* last packet of the box, for ICMP errors */
	uint16_t last_len;
};

/* stack_box.c: the worker and the main lcore */
void box_start(uint8_t how);
/** Everything must be over, without a word from the peers. */
void box_finish(void);
/** What came in goes all the way, until nothing moves. */
void box_round(void);
void box_pass_us(uint64_t us);
/** To the next timer of the stack. */
void box_pass_to_timer(void);
/** A frame comes in with the next round. @return false: no buffer, or the burst is full. */
bool box_rx(const uint8_t *frame, uint32_t len, bool chain, bool striped);
/** All but so many mbufs of a pool are taken away; 255: all come back. */
void box_mbufs(uint8_t leave);
void box_epoch(unsigned which);
const uint8_t *box_mac(uint16_t port);
uint64_t box_now_us(void);

/* stack_frame.c: how packets become frames */
/** Reads from the input what happens to the next packet: nothing, mostly. */
void frame_how(void);
/** Sends an IP packet to the box. */
void frame_ip(uint16_t port, uint8_t *ip, uint32_t len);
/** The same with the Ethernet type and bytes behind it. */
void frame_send(uint16_t port, uint16_t type, uint8_t *l3, uint32_t len);
/** Untouched, and not before the next round: what neighbours answer by themselves. */
void frame_answer(uint16_t port, uint16_t type, uint8_t *l3, uint32_t len);
/** Bytes of the input as a frame. */
void frame_raw(void);
/** One of the last frames once more. */
void frame_again(uint8_t which);
void frame_forget(void);
/** MAC of the neighbour with this address. */
void frame_mac(const struct sl_ip *ip, uint8_t mac[6]);

/* stack_peer.c: what the box sends, seen from outside */
void peer_start(bool silent);
/** A frame of the box: checked, and learnt from. */
void peer_saw(const struct sl_port *port, const uint8_t *frame, uint32_t len);
struct flow *peer_flow(uint8_t which);
extern bool peer_silent; /* neighbours do not answer by themselves */
/** Last UDP packet that went to an endpoint; len 0: none yet. */
struct udp_seen {
	struct sl_ip src, dst;
	uint16_t sport, dport;
	bool any;
};
extern struct udp_seen peer_udp;

/* stack_segment.c: what TCP peers send */
/** The next segment of a peer that behaves. */
void segment_good(struct flow *f);
/** A segment that is wrong in some way. */
void segment_bent(struct flow *f);
/** Whatever is owed: SYN-ACK, ACK, and FIN if told to. */
void segment_owed(struct flow *f, bool fin);
/** A request or an answer of HTTP, or a part of one. */
void segment_http(struct flow *f);
/** Many segments of data. */
void segment_bulk(struct flow *f);

/* stack_other.c: ARP, neighbour discovery, ICMP, UDP */
void other_arp(void);
void other_nd(void);
void other_echo(void);
void other_udp(void);
void other_icmp_error(const struct flow *f);
/** What a neighbour answers to a question of the box. */
void other_answer_arp(const struct sl_port *port, const uint8_t *arp);
void other_answer_nd(const struct sl_port *port, const uint8_t *ip, uint32_t len);
/** IP header in front of len bytes at ip + 20 or + 40. @return whole length. */
uint32_t other_ip(uint8_t *ip, const struct sl_ip *src, const struct sl_ip *dst, uint8_t proto,
		  uint8_t ttl, uint32_t len);

#endif
