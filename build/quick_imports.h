/* Included before every C file of a compiled program (before_each_file.h), and of use in one: what finds modules.

   As it comes from Nuitka, each look for a module copies the name of each of the 600 that it is compared with, which was a
   tenth of a start. Here names are compared where they are, but for those that are worked out.

   Nuitka defines `compareToEntryName(char const *name, ...)` and calls `compareToEntryName(name, ...)`. */
#define compareToEntryName(name, entry) COMPARED_##name, entry)
#define COMPARED_char compared_by_copy(char
#define COMPARED_name IS_NAMED(name
#define IS_NAMED(name, entry) \
    ((entry)->m_get_name || (entry)->m_compare_name ? compared_by_copy(name, entry) : strcmp(name, (entry)->m_name) == 0)
