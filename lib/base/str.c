/* SPDX-License-Identifier: BSD-3-Clause */
/* "Did you mean": the nearest word of a list. */
#include "sl_str.h"

#define WORD_MAX 64 /* longer words are no typing errors of keywords */

/** Edit distance with swaps of neighbours (optimal string alignment), of words up to WORD_MAX. */
static unsigned distance(const char *a, unsigned na, const char *b, unsigned nb)
{
	unsigned row[3][WORD_MAX + 1]; /* two rows back, previous, this */

	for (unsigned j = 0; j <= nb; j++)
		row[1][j] = j;
	for (unsigned i = 1; i <= na; i++) {
		row[2][0] = i;
		for (unsigned j = 1; j <= nb; j++) {
			unsigned d = row[1][j - 1] + (sl_lower(a[i - 1]) != sl_lower(b[j - 1]));

			if (row[1][j] + 1 < d)
				d = row[1][j] + 1;
			if (row[2][j - 1] + 1 < d)
				d = row[2][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    row[0][j - 2] + 1 < d)
				d = row[0][j - 2] + 1;
			row[2][j] = d;
		}
		memcpy(row[0], row[1], sizeof(row[0]));
		memcpy(row[1], row[2], sizeof(row[1]));
	}
	return row[1][nb];
}

const char *sl_nearest(const char *word, const char *const *list)
{
	size_t n = strlen(word);
	/* A third of the word, but one letter is always forgiven in words of two and more. */
	unsigned best = n < 2 ? 0 : n < 6 ? 1 : (unsigned)n / 3;
	const char *found = NULL;

	if (n > WORD_MAX)
		return NULL;
	for (; *list; list++) {
		size_t m = strlen(*list);
		unsigned d;

		if (m > WORD_MAX)
			continue;
		d = distance(word, (unsigned)n, *list, (unsigned)m);
		if (d < best || (d == best && !found)) {
			best = d;
			found = *list;
		}
	}
	return found;
}
