"""Names that rewritten code finds among the builtins. Apart, so that start-up needs no `ast`."""

BEGIN = "_predictscope_b_"
END = "_predictscope_e_"
DETACHED = "_predictscope_d_"
SHAPE = "_predictscope_s_"
STAMP = "_predictscope_t_"
BOTH = "_predictscope_a_"
MAIN = "_predictscope_main_"
