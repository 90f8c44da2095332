"""The page: ``streamlit run app.py``."""

import streamlit as st

from filterviz.ui import page

st.set_page_config(page_title="filterviz", page_icon=":material/grid_view:", layout="wide")
page.main()
