/* SPDX-License-Identifier: BSD-3-Clause */
/* Kinds of objects by the short names that kubectl users type. */
#ifndef KINDS_H
#define KINDS_H

/**
 * Kind that a word stands for: "vs", "virtualservices" and "VirtualService" alike.
 *
 * @return A static string; the word itself when it is none of the short names; NULL for NULL.
 */
const char *kind_resolve(const char *word);

/** Kind of the table that is nearest to a word, or NULL; the kind itself when it is in it. */
const char *kind_nearest(const char *word);

#endif
