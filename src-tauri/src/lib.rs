//! gridwall
