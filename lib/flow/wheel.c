/* SPDX-License-Identifier: BSD-3-Clause */
/* Hierarchical timer wheel: four levels of 256 slots, 1 ms to 24 days, lists of row numbers. */
#include "sl_wheel.h"

#include <stdlib.h>
#include <string.h>

#define LEVELS    4
#define BITS      8
#define SLOTS     (1u << BITS)
#define SLOT_MASK (SLOTS - 1)
#define HEADS     (LEVELS * SLOTS + 1)
#define DUE       (LEVELS * SLOTS) /* list of rows whose time has come */
#define NONE      UINT32_MAX
#define TICK_US   1000u
#define DELTA_MAX 0x7fffffffu
/* A link with this bit is a list head, not a row. */
#define HEAD_BIT  0x80000000u

/* Row's place in a list: prev NONE when not set, a head where it is the first. */
struct link {
	uint32_t next, prev, tick; /* deadline in ticks, modulo 2^32 */
};

struct sl_wheel {
	struct link *link;
	uint64_t now; /* tick up to which everything was taken out */
	uint32_t rows, count;
	uint32_t head[HEADS];
	uint64_t used[LEVELS][SLOTS / 64]; /* bit set where the slot's list has a row */
};

struct sl_wheel *sl_wheel_create(uint32_t rows, uint64_t now_us)
{
	struct sl_wheel *w;

	if (rows >= HEAD_BIT)
		return NULL;
	w = calloc(1, sizeof(*w));
	if (!w)
		return NULL;
	w->link = malloc((size_t)(rows ? rows : 1) * sizeof(struct link));
	if (!w->link) {
		free(w);
		return NULL;
	}
	memset(w->link, 0xff, (size_t)rows * sizeof(struct link));
	memset(w->head, 0xff, sizeof(w->head));
	w->rows = rows;
	w->now = now_us / TICK_US;
	return w;
}

void sl_wheel_free(struct sl_wheel *w)
{
	if (!w)
		return;
	free(w->link);
	free(w);
}

static void mark(struct sl_wheel *w, uint32_t head, int on)
{
	uint64_t bit = UINT64_C(1) << (head & 63);

	if (head == DUE)
		return;
	if (on)
		w->used[head / SLOTS][(head & SLOT_MASK) / 64] |= bit;
	else
		w->used[head / SLOTS][(head & SLOT_MASK) / 64] &= ~bit;
}

static void list_add(struct sl_wheel *w, uint32_t head, uint32_t row)
{
	struct link *l = &w->link[row];

	l->next = w->head[head];
	l->prev = head | HEAD_BIT;
	if (l->next != NONE)
		w->link[l->next].prev = row;
	else
		mark(w, head, 1);
	w->head[head] = row;
}

static void list_del(struct sl_wheel *w, uint32_t row)
{
	struct link *l = &w->link[row];

	if (l->next != NONE)
		w->link[l->next].prev = l->prev;
	if (!(l->prev & HEAD_BIT)) {
		w->link[l->prev].next = l->next;
	} else {
		w->head[l->prev & ~HEAD_BIT] = l->next;
		if (l->next == NONE)
			mark(w, l->prev & ~HEAD_BIT, 0);
	}
	l->prev = NONE;
}

/* Files a row under its deadline, which is not before w->now. */
static void place(struct sl_wheel *w, uint32_t row)
{
	uint32_t tick = w->link[row].tick, delta = tick - (uint32_t)w->now;
	unsigned level = 0;

	while (level < LEVELS - 1 && delta >> (BITS * (level + 1)))
		level++;
	list_add(w, level * SLOTS + ((tick >> (BITS * level)) & SLOT_MASK), row);
}

void sl_wheel_cancel(struct sl_wheel *w, uint32_t row)
{
	if (w->link[row].prev == NONE)
		return;
	list_del(w, row);
	w->count--;
}

void sl_wheel_set(struct sl_wheel *w, uint32_t row, uint64_t deadline_us)
{
	/* Rounded up, so that nothing fires early. */
	uint64_t tick = deadline_us / TICK_US + (deadline_us % TICK_US != 0);

	sl_wheel_cancel(w, row);
	if (tick <= w->now)
		tick = w->now + 1;
	if (tick - w->now > DELTA_MAX)
		tick = w->now + DELTA_MAX;
	w->link[row].tick = (uint32_t)tick;
	place(w, row);
	w->count++;
}

int sl_wheel_is_set(const struct sl_wheel *w, uint32_t row)
{
	return w->link[row].prev != NONE;
}

/* First used slot of a level at index `from` or behind; SLOTS when there is none. */
static unsigned used_from(const struct sl_wheel *w, unsigned level, unsigned from)
{
	for (unsigned i = from / 64; from < SLOTS && i < SLOTS / 64; i++) {
		uint64_t bits = w->used[level][i];

		if (i == from / 64)
			bits &= ~UINT64_C(0) << (from & 63);
		if (bits)
			return i * 64 + (unsigned)__builtin_ctzll(bits);
	}
	return SLOTS;
}

/* Files the rows of the slot that begins now into finer levels, coarse levels first. */
static void cascade(struct sl_wheel *w)
{
	for (unsigned level = LEVELS - 1; level > 0; level--) {
		uint32_t head, row, next;

		if (w->now & ((UINT64_C(1) << (BITS * level)) - 1))
			continue;
		head = level * SLOTS + ((w->now >> (BITS * level)) & SLOT_MASK);
		row = w->head[head];
		w->head[head] = NONE;
		mark(w, head, 0);
		for (; row != NONE; row = next) {
			next = w->link[row].next;
			place(w, row);
		}
	}
}

static void make_due(struct sl_wheel *w, uint32_t slot)
{
	uint32_t row = w->head[slot];

	if (row == NONE)
		return;
	w->head[DUE] = row;
	w->link[row].prev = DUE | HEAD_BIT;
	w->head[slot] = NONE;
	mark(w, slot, 0);
}

/* Tick of the next multiple of the finest level in use, at which its rows move down. */
static uint64_t next_boundary(const struct sl_wheel *w)
{
	unsigned level = 1;

	while (level < LEVELS - 1 && used_from(w, level, 0) == SLOTS)
		level++;
	if (used_from(w, 0, 0) != SLOTS)
		level = 1;
	return (w->now | ((UINT64_C(1) << (BITS * level)) - 1)) + 1;
}

/* Moves on to the next used slot up to `to`, whose rows are then due. */
static void advance(struct sl_wheel *w, uint64_t to)
{
	while (w->now < to && w->head[DUE] == NONE) {
		unsigned slot = used_from(w, 0, ((unsigned)w->now & SLOT_MASK) + 1);
		uint64_t at;

		if (!w->count) {
			w->now = to;
			return;
		}
		at = slot < SLOTS ? (w->now & ~(uint64_t)SLOT_MASK) + slot : next_boundary(w);
		if (at > to) {
			w->now = to;
			return;
		}
		w->now = at;
		if (!(at & SLOT_MASK))
			cascade(w);
		make_due(w, (uint32_t)at & SLOT_MASK);
	}
}

uint32_t sl_wheel_expired(struct sl_wheel *w, uint64_t now_us)
{
	uint32_t row;

	if (w->head[DUE] == NONE)
		advance(w, now_us / TICK_US);
	row = w->head[DUE];
	if (row != NONE)
		sl_wheel_cancel(w, row);
	return row;
}

uint64_t sl_wheel_next(const struct sl_wheel *w)
{
	uint64_t best = UINT64_MAX;

	if (w->head[DUE] != NONE)
		return w->now * TICK_US;
	if (!w->count)
		return best;
	for (unsigned level = 0; level < LEVELS; level++) {
		uint64_t base = w->now >> (BITS * level);
		unsigned at = (unsigned)base & SLOT_MASK;
		unsigned slot = used_from(w, level, at + 1);
		uint64_t tick;

		if (slot == SLOTS) {
			slot = used_from(w, level, 0);
			if (slot == SLOTS)
				continue;
			slot += SLOTS;
		}
		tick = (base - at + slot) << (BITS * level);
		if (tick < best)
			best = tick;
	}
	return best * TICK_US;
}
