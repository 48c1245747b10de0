/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The whole input path of a worker, from the frame to the proxy, with the main lcore behind it:
 * an input is a script of what clients, endpoints, neighbours and routers send, bent frames among
 * them, and of time that passes. Peers know the state of their connections, so that scripts get
 * deep into them; stack_peer.c and stack_box.c say what must hold.
 *
 * Input: a byte of settings, then steps: what to do (low half of a byte), which flow (high half),
 * arguments. Steps that send begin with a byte that says what happens to the frame.
 */
#include "stack.h"

#define STEPS 400

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void pass_time(void)
{
	static const uint32_t ms[] = {1, 10, 45, 250, 1000, 5000, 20000, 70000};
	uint8_t b = byte();

	if (b & 128)
		box_pass_to_timer();
	else
		box_pass_us(ms[b & 7] * UINT64_C(1000) + (b >> 3) * 100);
}

/* Every peer sends what it owes, some times over. */
static void settle(unsigned rounds)
{
	for (; rounds; rounds--)
		for (uint8_t i = 0; i < 16; i++)
			segment_owed(peer_flow(i), false);
}

static void other(uint8_t what)
{
	switch (what % 8) {
	case 0:
		box_mbufs(byte());
		break;
	case 1:
		box_epoch(byte());
		break;
	case 2:
		peer_silent = !peer_silent;
		break;
	case 3:
		frame_how();
		other_arp();
		break;
	case 4:
		frame_how();
		other_nd();
		break;
	case 5:
		frame_how();
		frame_raw();
		break;
	case 6:
		frame_how();
		other_udp();
		break;
	default:
		frame_how();
		other_echo();
		break;
	}
}

static void send_step(uint8_t what, struct flow *f)
{
	frame_how();
	switch (what) {
	case 0:
	case 1:
		segment_good(f);
		break;
	case 2:
	case 3:
		segment_bent(f);
		break;
	case 4:
		segment_http(f);
		break;
	case 5:
		segment_owed(f, false);
		break;
	case 6:
		segment_owed(f, true);
		break;
	case 7:
		segment_bulk(f);
		break;
	default:
		other_icmp_error(f);
		break;
	}
}

static void step(void)
{
	uint8_t b = byte();

	switch (b & 15) {
	case 9:
	case 10:
		pass_time();
		break;
	case 11:
		frame_again(b >> 4);
		break;
	case 12:
		settle(1 + (b >> 6));
		break;
	case 13:
	case 14:
		other(b >> 4);
		break;
	case 15:
		box_round();
		break;
	default:
		send_step(b & 15, peer_flow(b >> 4));
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t how;

	fuzz_in = data;
	fuzz_left = size;
	how = byte();
	frame_forget();
	peer_start(how & 8);
	box_start(how);
	for (unsigned i = 0; i < STEPS && fuzz_left; i++)
		step();
	frame_forget();
	peer_silent = true;
	box_finish();
	return 0;
}
